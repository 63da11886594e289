/**
 * A database is moved, its gate held back, and both sides are changed in ways that a migration must
 * not end with: each of them is found and named, nothing else is. Then it is repaired, and mended.
 */
import { beforeAll, describe, expect, it } from 'vitest'
import { assertExactCopy } from '../support/oracle.ts'
import { cellChanges, cellTable } from './cells.ts'
import { KEYED, keyedChanges, keyedTables } from './keyed-tables.ts'
import { ODD_CHANGES, ODD_TABLES, PARTS } from './odd-tables.ts'
import { type Places, readDefinitions, readPlaces, rewritten, rowText } from './places.ts'
import { type Found, named, openScene, type Pass } from './scene.ts'
import { SCHEMA_CHANGES, SCHEMA_TABLES } from './schema-changes.ts'

const BULK = 12_000
/** More rows than are named one by one. */
const LOST = 3000

const LEGACY = `
  create extension citext;
  create type mood as enum ('sad', 'fine', 'happy'); create type level as enum ('low', 'mid', 'top');
  create type pair as (a integer, b text); create domain short as varchar(9);
  ${cellTable()}; ${keyedTables()}; ${ODD_TABLES} ${SCHEMA_TABLES}
  create table bulk (id integer primary key, v text);
  insert into bulk select n, 'v' || n from generate_series(1, ${BULK}) n;
  analyze;
`
const CHANGES = [
  ...cellChanges(),
  ...keyedChanges(),
  ...ODD_CHANGES.map(([side, statement, ...findings]) => ({ side, statement, findings })),
  ...SCHEMA_CHANGES,
]

const isOfSchema = ({ kind }: Found) => kind === 'schema'
const isOfRow = ({ kind }: Found) => ['missing', 'extra', 'changed', 'duplicates'].includes(kind)
const isLost = (key: number) => key > 4000 && key <= 4000 + LOST
const isOfBulk = ({ entity }: Found) => entity === 'public.bulk'

describe('a migration of which both sides were changed', async () => {
  const scene = await openScene()
  const { source, target } = scene
  let id: string
  let gate: Pass
  let found: readonly Found[]
  /** What lies at the place that a finding about a row without a key names. */
  let rows: ReadonlyMap<Found, string>

  beforeAll(async () => {
    await source.unsafe(LEGACY).simple()
    // Small tables are carved into several batches, too.
    await target.unsafe(`create or replace function migration._check_batch_rows(p_entity migration.entity_statuses)
      returns integer language sql stable set search_path = '' as $$
      select case when p_entity.entity_name ~ 'by_|parted|swapped' then 3 else 20000 end $$`)
    const tables = await source<{ name: string }[]>`
      select format('public.%s', case when c.relname ~ '\\W' then quote_ident(c.relname) else c.relname end) as name
        from pg_class c where c.relkind in ('r', 'p') and not c.relispartition
         and c.relnamespace = 'public'::regnamespace order by c.relname`
    const parts = new Set(PARTS.map((part) => part.source))
    const whole = tables.map(({ name }) => name).filter((name) => !parts.has(name))
    id = await scene.startHeld({ entities: [...whole, ...PARTS] })
    for (const { side, statement } of CHANGES) await scene[side].unsafe(statement).simple()
    await target`delete from public.bulk where id between 4001 and ${4000 + LOST}`
    await scene.control('resume', id)
    gate = await scene.settled(id)
    found = await scene.findings(gate.id)
    rows = await readRows()
  })

  it('does not complete', async () => {
    expect(gate).toMatchObject({ kind: 'verify', mode: 'full', is_gate: true, status: 'failed' })
    expect(await scene.statusOf(id)).toEqual({
      status: 'failed',
      failure_code: 'verification_failed',
    })
  })

  it('is found out: every change by its kind, key and columns, and nothing else', async () => {
    expect(CHANGES.length).toBeGreaterThan(200)
    const expected = CHANGES.flatMap(({ findings }) => findings)
    const lines = found
      .filter((each) => !isOfBulk(each))
      .map((each) => [named(each), rows.get(each) ?? []].flat().join(' '))
    expect(lines.toSorted()).toEqual([...expected, ...countsOf(expected)].toSorted())
  })

  it('has no value of a row in its findings but keys', () => {
    const text = JSON.stringify(found)
    expect(text).toContain('9007199254740994')
    for (const value of ['left', 'right', 'v4001', 'v11', 'cafe', '1e-300', 'not moved']) {
      expect(text).not.toContain(value)
    }
  })

  it('names a thousand lost rows of many by their keys and the others by ranges', () => {
    const rows = found.filter((each) => isOfBulk(each) && each.kind === 'missing')
    const keys = new Set(rows.map(({ key }) => Number(key![0])))
    expect(keys.size).toBe(rows.length)
    expect(keys.size).toBeGreaterThanOrEqual(1000)
    expect([...keys].filter((key) => !isLost(key))).toEqual([])
    const ranges = found.filter((each) => isOfBulk(each) && each.kind === 'range')
    const lost = ranges.map(({ detail }) => Number(detail.source_rows) - Number(detail.target_rows))
    expect(lost.reduce((sum, rows) => sum + rows, keys.size)).toBe(LOST)
    expect(found.filter(isOfBulk)).toHaveLength(rows.length + ranges.length + 1)
    expect(found.filter(isOfBulk).map(named)).toContain(`count bulk -${LOST}`)
  })

  it('is compared by ranges where both sides sort alike, by hash where they do not', async () => {
    const results = await target<{ name: string; strategy: string }[]>`
      select entity_name as name, validation_criteria ->> 'strategy' as strategy
        from migration.validation_results where verification_id = ${gate.id} and check_name = 'checksum'`
    const chosen = Object.fromEntries(results.map(({ name, strategy }) => [name, strategy]))
    for (const { name, strategy } of KEYED)
      expect([name, chosen[`public.${name}`]]).toEqual([name, strategy])
    expect(chosen['public.bare']).toBe('row')
    expect(chosen['public.no_column_of_key']).toBe('row')
  })

  it('gives results that fit the findings', async () => {
    const results = await target<Record<string, string | number | object>[]>`
      select r.entity_name as entity, r.check_name as "check", r.status, r.issues_found::int as issues,
             (select count(*)::int from migration.findings f where f.verification_id = r.verification_id
                 and f.entity_status_id = r.entity_status_id and f.check_name = r.check_name) as found
        from migration.validation_results r where r.verification_id = ${gate.id} and r.check_name <> 'counts'`
    for (const { issues, found, ...result } of results)
      expect({ ...result, issues }).toEqual({ ...result, issues: found })
    const quiet = results.filter(({ entity }) => entity === 'public.quiet')
    expect(quiet.map(({ check, status }) => `${check} ${status}`).toSorted()).toEqual([
      'checksum passed',
      'schema passed',
    ])
  })

  describe('and repaired', () => {
    let repaired: Pass
    let before: Places

    beforeAll(async () => {
      before = await readPlaces(target, id)
      await scene.control('repair', id)
      repaired = await scene.settled(id)
    })

    it('has its rows again', async () => {
      const parts = new Set(PARTS.map((part) => part.source))
      const names = [...before.keys()].filter((name) => !parts.has(name))
      const compared = await assertExactCopy({
        source: scene.sourceUrl,
        target: scene.targetUrl,
        pairs: names.map((name) => [name, name]),
      })
      expect(compared.tables).toBe(names.length)
      const [open, moved] = await Promise.all([
        source`select * from filtered where state = 'open' order by id`,
        target`select * from public.filtered order by id`,
      ])
      expect([...moved]).toEqual([...open])
    })

    it('has written those rows anew that differed, and no other', async () => {
      const {
        'public.bulk': bulk,
        'public.other_spelling': spelled,
        ...others
      } = rewritten(before, await readPlaces(target, id))
      const expected: Record<string, string[]> = {}
      for (const each of found.filter((one) => isOfRow(one) && !isOfBulk(one))) {
        const row = rows.get(each) ?? JSON.stringify(each.key).replaceAll('","', '", "')
        expected[each.entity] = [...new Set([...(expected[each.entity] ?? []), row])].toSorted()
      }
      const { 'public.other_spelling': _, ...expectedOthers } = expected
      expect(others).toEqual(expectedOthers)
      expect(spelled).toEqual(['["1.1"]', '["1.10"]', '["2.5"]', '["3"]', '["3.0"]'])
      const lost = bulk!.map((key) => Number(JSON.parse(key)[0])).filter(isLost)
      expect(lost).toHaveLength(LOST)
      // A range is written anew as a whole: it has 5000 rows at most.
      expect(bulk!.length).toBeLessThanOrEqual(LOST + 5000)
    })

    it('is kept back by what a repair of rows does not mend', async () => {
      expect(repaired).toMatchObject({ kind: 'verify', is_gate: true, status: 'failed' })
      const findings = await scene.findings(repaired.id)
      expect(findings.map(named).toSorted()).toEqual(found.filter(isOfSchema).map(named).toSorted())
      expect(await scene.statusOf(id)).toMatchObject({ failure_code: 'verification_failed' })
      expect(await scene.refused('repair', id)).toBe('nothing_to_repair')
    })

    it('marks what was repaired', async () => {
      const rows = await target<{ kind: string }[]>`
        select distinct kind from migration.findings
         where verification_id = ${gate.id} and repaired_at is null order by 1`
      expect(rows.map(({ kind }) => kind)).toEqual(['count', 'schema'])
    })

    it('completes when it was mended by hand and verified again', async () => {
      for (const { side, mend } of SCHEMA_CHANGES) {
        await (side === 'superuser' ? scene.superuser : target).unsafe(mend).simple()
      }
      await target`alter table public.keyless add constraint keyless_pkey primary key (id)`
      await scene.control('verify', id)
      const last = await scene.settled(id)
      expect((await scene.findings(last.id)).map(named)).toEqual([])
      expect(last).toMatchObject({ is_gate: true, status: 'passed', issues: 0 })
      expect(await scene.statusOf(id)).toEqual({ status: 'completed', failure_code: null })
    })
  })

  async function readRows(): Promise<Map<Found, string>> {
    const definitions = await readDefinitions(target, id)
    const texts = new Map<Found, string>()
    for (const each of found.filter(isOfRow)) {
      if (each.key !== null) continue
      const { source_place: here, target_place: there } = each.detail
      const columns = definitions.get(each.entity)!.columns.map((column) => column.target)
      const [row] = await (here === null ? target : source).unsafe<{ text: string }[]>(
        `select ${rowText(columns)} as text from ${each.entity} where ctid = '${here ?? there}'`,
      )
      texts.set(each, row!.text)
    }
    return texts
  }
})

/** Where rows are missing or there are more of them, the counts say so, too. */
function countsOf(findings: readonly string[]): string[] {
  const sums = new Map<string, number>()
  for (const finding of findings) {
    const [, kind, rest = ''] = /^(missing|extra|duplicates) (.*)$/s.exec(finding) ?? []
    if (kind === undefined) continue
    const table = /^Odd "name"; --|^\S+/.exec(rest)![0]
    const [, source, target] = / (\d+) to (\d+)/.exec(rest) ?? []
    const more =
      source === undefined ? (kind === 'extra' ? 1 : -1) : Number(target) - Number(source)
    sums.set(table, (sums.get(table) ?? 0) + more)
  }
  return [...sums].filter(([, more]) => more !== 0).map(([table, more]) => `count ${table} ${more}`)
}
