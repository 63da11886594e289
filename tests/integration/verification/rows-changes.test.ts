/** Every kind of single change, on tables with every kind of key: found, and named by key and columns. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasDebianServer, startDebianServer } from '../../support/debian-server.ts'
import { attachServers } from '../../support/project.ts'
import { fill, type RowsPair, rowsPair } from './rows-pair.ts'

/** Columns of the key, and what the key of row n is. */
const keys = {
  whole: { columns: 'k integer', key: 'n', strategy: 'range' },
  uuids: { columns: 'k uuid', key: 'md5(n::text)::uuid', strategy: 'range' },
  c_text: { columns: 'k text collate "C"', key: `chr(64 + n % 60) || n`, strategy: 'range' },
  icu_text: {
    columns: 'k text collate "de-x-icu"',
    key: `(array['ä','A','a','z','ß','_'])[1 + n % 6] || n`,
    strategy: 'range',
  },
  other_order: { columns: 'k text', key: `chr(64 + n % 60) || n`, strategy: 'key' },
  c_citext: { columns: 'k citext collate "C"', key: `chr(65 + n % 58) || n`, strategy: 'range' },
  plain_citext: { columns: 'k citext', key: `chr(65 + n % 58) || n`, strategy: 'key' },
  composite: {
    columns: `k timestamptz, "k""2" varchar(9) collate "C"`,
    key: `timestamptz '2020-01-01' + n / 3 * interval '1 second', 'x' || n % 3`,
    strategy: 'range',
  },
  numbers: { columns: 'k numeric', key: 'n / 7.0', strategy: 'range' },
  moments: {
    columns: 'k timestamptz',
    key: `timestamptz '2020-01-01' + n * interval '0.000001 second'`,
    strategy: 'range',
  },
  moods: {
    columns: 'k mood, i integer',
    key: `('{z,a,m}'::mood[])[1 + n % 3], n`,
    strategy: 'range',
  },
  documents: { columns: 'k jsonb', key: `jsonb_build_object('n', n)`, strategy: 'key' },
  none: { columns: 'k integer', key: 'n', strategy: 'row' },
} as const
type Table = keyof typeof keys
const tables = Object.keys(keys) as Table[]
/** One for each strategy, and what another release may sort in another way. */
const someTables: readonly Table[] = ['whole', 'icu_text', 'plain_citext', 'none']

const rows = 90
const statements = `
  create extension citext; create type mood as enum ('z', 'a', 'm');
  ${tables
    .map((table) => {
      const { columns, key } = keys[table]
      const names = columns.replaceAll(/("[^"]*(?:""[^"]*)*"|\w+) [^,]*/g, '$1')
      return `create table ${table} (id integer not null, ${columns}, a text, b text, "n""u" numeric, f float8,
        r real[], w timestamptz, j jsonb, c char(4)${table === 'none' ? '' : `, primary key (${names})`});
      insert into ${table} select n, ${key}, case when n % 3 = 0 then 'ab' when n % 3 = 1 then '' end, 'c', 1.0, 0,
        array[1, 0], '2024-01-01', '{"x": 1.0}', 'ab' from generate_series(1, ${rows}) n;`
    })
    .join('\n')}`

/** What is done to the row with id 30 in the target, and which columns it changes. */
const changes: Readonly<Record<string, readonly [change: string, columns: readonly string[]]>> = {
  'one cell': [`a = a || ' '`, ['a']],
  'exchanged cells': ['a = b, b = a', ['a', 'b']],
  'a moved boundary': [`a = 'a', b = 'bc'`, ['a', 'b']],
  'NULL for a text': ['a = null', ['a']],
  'an empty text': [`a = ''`, ['a']],
  'minus zero': [`f = '-0'`, ['f']],
  'minus zero in an array': [`r = array[1, '-0'::real]`, ['r']],
  'another scale': [`"n""u" = 1.00`, ['n"u']],
  'a microsecond': [`w = w + interval '0.000001 second'`, ['w']],
  'another number in a document': [`j = '{"x": 1.00}'`, ['j']],
  'an ulp': ['f = 5e-324', ['f']],
}

const releases = ['17', ...(hasDebianServer() ? ['15'] : [])]
if (!hasDebianServer()) console.log('skipped: PostgreSQL 15 as a source, it is not installed')

describe.each(releases)('from PostgreSQL %s', (release) => {
  let pair: RowsPair
  let stop = async () => {}
  beforeAll(async () => {
    let address = attachServers().source.url('postgres')
    if (release === '15') {
      const server = await startDebianServer()
      stop = () => server.stop()
      address = server.url('postgres')
    }
    pair = await rowsPair(fill(statements), {}, address)
    await pair.target.sql.unsafe(
      tables.map((table) => `create table kept_${table} as table ${table};`).join('\n'),
    )
  })
  afterAll(async () => {
    await pair?.drop()
    await stop()
  })

  async function changed<T>(table: Table, change: string, check: () => Promise<T>): Promise<T> {
    const { sql } = pair.target
    await sql.unsafe(change).simple()
    try {
      return await check()
    } finally {
      await sql.unsafe(`truncate ${table}; insert into ${table} table kept_${table}`).simple()
    }
  }

  async function keyOf(table: Table, id: number): Promise<readonly string[]> {
    const columns = pair.entities
      .get(table)!
      .key.map(({ column }) => `"${column.replaceAll('"', '""')}"`)
    const [row] = await pair.source.sql
      .unsafe(`set timezone = 'UTC'; select array[${columns.map((name) => `format('%s', ${name})`).join(', ')}] as key
        from ${table} where id = ${id}`)
      .simple()
      .then((results) => results.at(-1) as unknown as { key: string[] }[])
    return row!.key
  }

  describe.each(release === '15' ? someTables : tables)('%s', (table) => {
    // The release 15 server of Debian knows another version of ICU.
    const strategy = release === '15' && table === 'icu_text' ? 'key' : keys[table].strategy

    it.each([20, 1000])('is the same after the copy, in batches of %i', async (rowLimit) => {
      for (const mode of ['full', 'counts', 'sample'] as const) {
        const verified = await pair.verify(table, { mode, rowLimit, rows })
        expect(verified).toMatchObject({ strategy, findings: [] })
        expect(new Set(verified.statuses)).toEqual(new Set(['passed']))
        const result = verified.results[mode === 'full' ? 'checksum' : 'counts']
        expect(result).toEqual({ validated: rows, issues: 0, source_rows: rows, target_rows: rows })
        if (strategy === 'range') {
          const size = mode === 'counts' ? rowLimit * 10 : rowLimit
          expect(verified.ranges.length).toBe(Math.max(1, Math.ceil(rows / size)))
        }
      }
    })

    it.each(Object.keys(changes))('shows %s', async (name) => {
      const [change, columns] = changes[name]!
      const key = await keyOf(table, 30)
      const found = await changed(table, `update ${table} set ${change} where id = 30`, () =>
        pair.verify(table, { rowLimit: 20 }),
      )
      expect(found.results.checksum).toMatchObject({ source_rows: rows, target_rows: rows })
      if (table === 'none') {
        expect(found.findings.map(({ kind, detail }) => ({ kind, ...detail }))).toEqual(
          expect.arrayContaining([
            expect.objectContaining({ kind: 'missing', source_count: 1, target_count: 0 }),
            expect.objectContaining({ kind: 'extra', source_count: 0, target_count: 1 }),
          ]),
        )
        expect(found.findings.length).toBe(2)
        return
      }
      expect(found.findings).toEqual([
        { check: 'checksum', kind: 'changed', severity: 'failed', key, columns },
      ])
    })

    it('shows a deleted row in every mode that counts', async () => {
      const key = await keyOf(table, 45)
      await changed(table, `delete from ${table} where id = 45`, async () => {
        for (const mode of ['full', 'counts'] as const) {
          const { findings, results } = await pair.verify(table, { mode, rowLimit: 20, rows })
          const check = mode === 'full' ? 'checksum' : 'counts'
          expect(results[check]).toEqual({
            validated: rows,
            issues: 1,
            source_rows: rows,
            target_rows: rows - 1,
          })
          const kind = table === 'none' && mode === 'counts' ? 'range' : 'missing'
          expect(findings).toEqual([
            expect.objectContaining({ check, kind, ...(table === 'none' ? {} : { key }) }),
          ])
        }
      })
    })

    it('shows rows that only the target has: below, above, between, and doubled', async () => {
      const { columns } = keys[table]
      const primary = table === 'none' ? '' : `alter table ${table} drop constraint ${table}_pkey;`
      const names = columns.replaceAll(/("[^"]*(?:""[^"]*)*"|\w+) [^,]*/g, '$1')
      // Rows of the source go and stay in the target: the first, the last, one between, and one twice.
      const { sql } = pair.source
      await sql
        .unsafe(`create table gone as table ${table}; delete from ${table} where id in (
          select id from ${table} where id = 50 union all (select id from ${table} order by ${names} limit 2)
          union all (select id from ${table} order by ${names
            .split(', ')
            .map((name) => `${name} desc`)
            .join(', ')} limit 2))`)
        .simple()
      try {
        const gone = await sql<
          { id: number }[]
        >`select id from gone except select id from ${sql(table)}`
        const expected = await Promise.all(gone.map(({ id }) => targetKey(table, id)))
        expect(gone.length).toBe(5)
        const twice = await keyOf(table, 20)
        const found = await changed(
          table,
          `${primary} insert into ${table} select * from ${table} where id = 20`,
          () => pair.verify(table, { rowLimit: 20 }),
        )
        expect(found.results.checksum).toEqual({
          validated: rows + 1,
          issues: 6,
          source_rows: rows - 5,
          target_rows: rows + 1,
        })
        const kinds = found.findings.map(({ kind }) => kind).toSorted()
        expect(kinds).toEqual(['duplicates', ...Array.from({ length: 5 }, () => 'extra')])
        const double = found.findings.find(({ kind }) => kind === 'duplicates')
        expect(double?.detail).toMatchObject({ source_count: 1, target_count: 2 })
        if (table === 'none') return
        expect(double?.key).toEqual(twice)
        const extra = found.findings.filter(({ kind }) => kind === 'extra').map(({ key }) => key)
        expect(extra.toSorted()).toEqual(expected.toSorted())
      } finally {
        await sql
          .unsafe(`truncate ${table}; insert into ${table} table gone; drop table gone`)
          .simple()
        if (table !== 'none') {
          await pair.target.sql.unsafe(`alter table ${table} add primary key (${names})`)
        }
      }
    })
  })

  async function targetKey(table: Table, id: number): Promise<readonly string[]> {
    const columns = pair.entities
      .get(table)!
      .key.map(({ column }) => `"${column.replaceAll('"', '""')}"`)
    if (table === 'none') return []
    const results = await pair.target.sql
      .unsafe(`set timezone = 'UTC'; select array[${columns.map((name) => `format('%s', ${name})`).join(', ')}] as key
        from ${table} where id = ${id}`)
      .simple()
    return (results.at(-1) as unknown as { key: string[] }[])[0]!.key
  }
})
