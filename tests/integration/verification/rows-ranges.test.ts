/** Batches go through both tables without gap or overlap, and find what is dense as well as what is rare. */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fill, type RowsPair, rowsPair, statementPair } from './rows-pair.ts'

describe('ranges', () => {
  let pair: RowsPair
  const rows = 500
  beforeAll(async () => {
    pair = await rowsPair(
      fill(`
        create table by_key (a integer, b text collate "C", n integer, primary key (a, b));
        insert into by_key select n % 7, chr(33 + n % 90) || n, n from generate_series(1, ${rows}) n;
        create table by_hash (a integer, b text, n integer, primary key (a, b));
        insert into by_hash table by_key;
        create table by_row (n integer); insert into by_row select n % 120 from generate_series(1, ${rows}) n;
        create table parted (n integer, t text) partition by hash (n);
        create table parted_0 partition of parted for values with (modulus 2, remainder 0);
        create table parted_1 partition of parted for values with (modulus 2, remainder 1);
        insert into parted select n, 'x' from generate_series(1, ${rows}) n;
        create table nothing (k integer primary key); create table nothing_at_all ();
        insert into nothing_at_all default values; insert into nothing_at_all default values;`),
    )
    await pair.target.sql
      .unsafe(`insert into by_key values (-1, 'below', 0), (3, '', 0), (3, 'zz', 0), (9, 'above', 0);
        delete from by_key where n in (1, 250, 251, ${rows});
        insert into by_hash values (-1, 'below', 0), (3, '', 0), (3, 'zz', 0), (9, 'above', 0);
        delete from by_hash where n in (1, 250, 251, ${rows});
        insert into by_row values (-1), (-1), (500), (7); delete from by_row where n = 5;
        insert into nothing select generate_series(1, 40)`)
      .simple()
  })
  afterAll(() => pair?.drop())

  const sizes = fc.record({
    rowLimit: fc.integer({ min: 1, max: rows + 5 }),
    // From two millions on a table that is compared by hash has several parts.
    rows: fc.constantFrom(1, rows, 2_400_000, 16_000_000),
    mode: fc.constantFrom('full' as const, 'counts' as const),
  })
  const expected = ['extra', 'extra', 'extra', 'extra', 'missing', 'missing', 'missing', 'missing']

  it.each(['by_key', 'by_hash'])(
    '%s: every row of either side once, whatever the size',
    async (table) => {
      await fc.assert(
        fc.asyncProperty(sizes, async (size) => {
          const { findings, results, ranges } = await pair.verify(table, size)
          expect(Object.values(results)).toMatchObject([{ source_rows: rows, target_rows: rows }])
          expect(new Set(findings.map(({ key }) => JSON.stringify(key))).size).toBe(findings.length)
          expect(ranges[0]!.after).toBe(null)
          expect(ranges.at(-1)!.through).toBe(null)
          expect(ranges.slice(1).map(({ after }) => after)).toEqual(
            ranges.slice(0, -1).map(({ through }) => through),
          )
          if (table === 'by_hash') {
            expect(ranges.length).toBe(size.mode === 'full' ? Math.ceil(size.rows / 2_000_000) : 1)
          }
          // Rows that are missing and others that are too many add up to the same number.
          if (size.mode === 'counts') return
          expect(findings.map(({ kind }) => kind).toSorted()).toEqual(expected)
          expect(results.checksum).toMatchObject({ validated: rows + 4, issues: 8 })
        }),
        { numRuns: 12 },
      )
    },
  )

  it('a table without a key: each row by how often it is there', async () => {
    await fc.assert(
      fc.asyncProperty(sizes, async (size) => {
        const { findings, results } = await pair.verify('by_row', { ...size, mode: 'full' })
        const fives = Math.floor((rows - 5) / 120) + 1
        const found = findings.map(({ kind, detail }) => [
          kind,
          detail?.source_count,
          detail?.target_count,
        ])
        expect(found.toSorted()).toEqual([
          ['duplicates', fives, fives + 1],
          ['extra', 0, 1],
          ['extra', 0, 2],
          ['missing', fives, 0],
        ])
        expect(results.checksum).toMatchObject({ source_rows: rows, target_rows: rows + 4 - fives })
      }),
      { numRuns: 6 },
    )
  })

  it('reads a partitioned table with its partitions, and one without a column', async () => {
    const parted = await pair.verify('parted')
    expect(parted).toMatchObject({ strategy: 'row', findings: [] })
    expect(parted.results.checksum).toMatchObject({ source_rows: rows, target_rows: rows })
    await pair.target.sql`update parted set t = 'y' where n = 77`
    expect((await pair.verify('parted')).findings.length).toBe(2)
    const bare = await pair.verify('nothing_at_all')
    expect(bare.results.checksum).toMatchObject({ source_rows: 2, target_rows: 2, issues: 0 })
  })

  it('finds rows of the target where the source has none', async () => {
    const { findings, results } = await pair.verify('nothing', { rowLimit: 3 })
    expect(findings.length).toBe(40)
    expect(results.checksum).toEqual({
      validated: 40,
      issues: 40,
      source_rows: 0,
      target_rows: 40,
    })
  })

  it('draws the same sample for the same seed, and another for another', async () => {
    const seen = async (seed: string) => {
      // Nothing differs in a row that is not drawn.
      const { findings } = await pair.verify('by_key', { mode: 'sample', seed, sampleRows: 30 })
      return findings.filter(({ check }) => check === 'sample').map(({ key }) => key?.join())
    }
    await pair.target.sql`update by_key set n = -n`
    const [once, again, other] = [await seen('1'), await seen('1'), await seen('2')]
    expect(once.length).toBeGreaterThanOrEqual(26)
    expect(again).toEqual(once)
    expect(other).not.toEqual(once)
    await pair.target.sql`update by_key set n = -n`
  })
})

it('a key that is written in another way, and one that is there in two ways', async () => {
  const tables = ['ordered', 'hashed', 'scaled'] as const
  const pair = await statementPair(`create extension citext;
    create table ordered (k citext collate "C" primary key, n integer); create table hashed (k citext primary key, n integer);
    create table scaled (k numeric primary key, n integer);
    insert into ordered select 'k' || n, n from generate_series(1, 50) n; insert into hashed table ordered;
    insert into scaled select n, n from generate_series(1, 50) n`)
  const written = { ordered: ['k7', 'K7'], hashed: ['k7', 'K7'], scaled: ['7', '7.00'] } as const
  for (const table of tables) {
    const [here, there] = written[table]
    const { sql } = pair.target
    await sql.unsafe(`update ${table} set k = '${there}' where n = 7`)
    expect((await pair.verify(table)).findings).toEqual([
      { check: 'checksum', kind: 'changed', severity: 'failed', key: [here], columns: ['k'] },
    ])
    await sql
      .unsafe(
        `alter table ${table} drop constraint ${table}_pkey; insert into ${table} values ('${here}', 7)`,
      )
      .simple()
    expect((await pair.verify(table)).findings).toMatchObject([
      { kind: 'duplicates', key: [here], detail: { source_count: 1, target_count: 2 } },
    ])
  }
})

describe('many rows', () => {
  const rows = 12_000
  const tables = `
    create table by_key (k integer primary key, t text); insert into by_key select n * 2, n from generate_series(1, ${rows}) n;
    create table by_hash (k text primary key, t text); insert into by_hash select n * 2, n from generate_series(1, ${rows}) n;
    create table by_row (t text); insert into by_row select n from generate_series(1, ${rows}) n;`

  it('one difference among many is found, and few keys are listed for it', async () => {
    const pair = await statementPair(tables)
    await pair.target.sql
      .unsafe(`update by_key set t = '' where k = 8002; insert into by_key values (8003)`)
      .simple()
    const { findings } = await pair.verify('by_key')
    expect(findings.map(({ kind, key, columns }) => [kind, key, columns])).toEqual(
      expect.arrayContaining([
        ['changed', ['8002'], ['t']],
        ['extra', ['8003'], undefined],
      ]),
    )
    expect(findings.length).toBe(2)
  })

  it('the first are named by key, the others by range', async () => {
    const pair = await statementPair(tables)
    for (const table of ['by_key', 'by_hash', 'by_row']) {
      await pair.target.sql.unsafe(`update ${table} set t = t || 'x'`)
      const { findings, results } = await pair.verify(table)
      const listed = findings.filter(({ kind }) => kind !== 'range')
      expect(listed.length).toBeGreaterThanOrEqual(1000)
      expect(listed.length).toBeLessThan(table === 'by_row' ? 5000 : 3000)
      const ranges = findings.filter(({ kind }) => kind === 'range')
      expect(ranges.length).toBeGreaterThanOrEqual(1)
      const summed = ranges.reduce((sum, { detail }) => sum + Number(detail?.source_rows), 0)
      const named = listed.filter(({ kind }) => kind !== 'extra').length
      expect(summed + named).toBe(rows)
      expect(results.checksum).toMatchObject({ source_rows: rows, target_rows: rows })
      expect(results.checksum!.issues).toBe(findings.length)
      expect(results.checksum!.validated).toBeGreaterThanOrEqual(findings.length)
    }
  })

  it('rows of the target that all lie in one range are listed in parts', async () => {
    const pair = await statementPair(
      'create table few (k integer primary key); insert into few values (1), (100000)',
    )
    await pair.target.sql`insert into few select generate_series(2, 5001)`
    const { findings, results } = await pair.verify('few')
    expect(results.checksum).toMatchObject({ source_rows: 2, target_rows: 5002, validated: 5002 })
    const ranges = findings.filter(({ kind }) => kind === 'range')
    expect(findings.length - ranges.length).toBeGreaterThanOrEqual(1000)
    // As many as fit into the range were never listed at once.
    expect(findings.length - ranges.length).toBeLessThan(2000)
    const extra = ranges.reduce(
      (sum, { detail }) => sum + Number(detail?.target_rows) - Number(detail?.source_rows),
      0,
    )
    expect(extra + findings.length - ranges.length).toBe(5000)
  })
})
