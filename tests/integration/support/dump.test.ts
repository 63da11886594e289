/** The shared data sets arrive with exactly the rows and fingerprints that they promise. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  changeLegacyClinic,
  DATA_SETS,
  type DataSet,
  expectedCounts,
  loadDataSet,
  loadLegacyClinic,
  sharedData,
} from '../../support/dump.ts'
import { runScript } from '../../support/psql-script.ts'
import { type Scratch, scratchDatabase } from '../../support/scratch.ts'
import { plainServer } from './server.ts'

let scratch: Scratch
beforeEach(async () => {
  scratch = await scratchDatabase(await plainServer())
})
afterEach(() => scratch?.drop())

async function counts(): Promise<Map<string, number>> {
  const tables = await scratch.sql<{ schema: string; name: string }[]>`
    select schemaname as schema, tablename as name from pg_tables
     where schemaname not in ('pg_catalog', 'information_schema')`
  const found = new Map<string, number>()
  for (const { schema, name } of tables) {
    // Written out, because these data sets have names that hold dots and quotes.
    const quoted = [schema, name].map((part) => `"${part.replaceAll('"', '""')}"`).join('.')
    const [row] = await scratch.sql.unsafe(`select count(*)::int as n from ${quoted}`)
    found.set(`${schema}.${name}`, row?.n)
  }
  return found
}

// Without the folder of shared data there is nothing to load; the project's own CI has it.
describe.runIf(sharedData())('the shared data sets', () => {
  it.each(Object.keys(DATA_SETS) as DataSet[])('loads %s', { timeout: 30_000 }, async (name) => {
    await loadDataSet(scratch.url, name)
    const expected = await expectedCounts(name)
    expect(expected.size).toBeGreaterThan(10)
    expect(await counts()).toEqual(new Map([...expected].map(([table, { rows }]) => [table, rows])))
  })

  it('generates the legacy clinic to its fingerprint, and changes it', {
    timeout: 30_000,
  }, async () => {
    const clinic = await loadLegacyClinic(scratch.url, { scale: 0.1 })
    expect(clinic.fingerprint).toBe('b76fe6a070ad479c170839586dc35bbd')
    expect(clinic.rows.get('= total')).toBe(10_339)
    const [totals] = await scratch.sql`select count(*)::int as refused from _dirt.refused`
    expect(totals).toEqual({ refused: 1988 })
    await changeLegacyClinic(scratch.url, { round: 1, pct: 1 })
    const [changes] = await scratch.sql`
      select count(distinct op)::int as kinds, count(*)::int as rows,
             md5(string_agg(c::text, ',' order by c::text collate "C")) as digest
        from _dirt.change c`
    // What psql itself makes of the same script.
    expect(changes).toEqual({ kinds: 9, rows: 94, digest: '974853cf71532e3b1a03f42f79e20dc3' })
  })

  it('leaves the answer sheet out where it is not wanted', { timeout: 30_000 }, async () => {
    await loadLegacyClinic(scratch.url, { scale: 0.01, dirt: 0, manifest: 0 })
    expect(await scratch.sql`select from pg_namespace where nspname = '_dirt'`).toHaveLength(0)
  })
})

describe('a psql script', () => {
  it('runs variables, branches, \\gset and \\gexec, and answers as text', async () => {
    const results = await runScript(
      scratch.url,
      `\\if :{?given}
       select :given as given;
       \\else
       select 1 / 0;
       \\endif
       \\if :{?missing}
       \\if on
       select 1 / 0;
       \\endif
       \\endif
       select 12345678901234567890::numeric as big, null as nothing \\gset
       select format('create table %I (n numeric default %s)', 'T' || i, :big) from generate_series(1, 2) i \\gexec
       insert into "T2" default values;
       select n, :'given' as text from "T2";`,
      { given: "'it''s'" },
    )
    expect(results).toEqual([
      { columns: ['given'], rows: [["it's"]] },
      { columns: ['n', 'text'], rows: [['12345678901234567890', "'it''s'"]] },
    ])
  })

  it('stops at the first error', async () => {
    const script = 'create table kept (); select 1 / 0; create table not_kept ();'
    await expect(runScript(scratch.url, script)).rejects.toThrow('division by zero')
    expect([...(await counts()).keys()]).toEqual(['public.kept'])
    await expect(runScript(scratch.url, '\\unknown')).rejects.toThrow('unknown meta command')
  })
})
