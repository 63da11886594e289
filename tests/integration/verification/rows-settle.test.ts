/** Differences that are only a matter of time settle; those that are none stand. */
import { describe, expect, it } from 'vitest'
import { statementPair } from './rows-pair.ts'

const tables = `
  create table by_key (k integer primary key, t text); insert into by_key select n, n from generate_series(1, 3000) n;
  create table by_hash (k text primary key, t text); insert into by_hash select n, n from generate_series(1, 3000) n;
  create table by_row (k integer, t text); insert into by_row select n, n from generate_series(1, 3000) n;`

describe.each(['by_key', 'by_hash', 'by_row'])('%s', (table) => {
  const write = `update ${table} set t = 'new' where k in ('5', '2999'); delete from ${table} where k = '70';
    insert into ${table} values ('3001', 'more')`

  it('settles when the other side follows, at the first look or at the last', async () => {
    for (const round of [1, 2, 3]) {
      const pair = await statementPair(tables)
      const pauses: number[] = []
      const { findings, results } = await pair.verify(table, {
        meanwhile: () => pair.source.sql.unsafe(write).simple(),
        pause: async (milliseconds) => {
          pauses.push(milliseconds)
          if (pauses.length === round) await pair.target.sql.unsafe(write).simple()
        },
      })
      expect(findings).toEqual([])
      expect(pauses).toEqual([100, 300, 1000].slice(0, round))
      expect(results.checksum).toMatchObject({ issues: 0 })
      expect(results.checksum!.target_rows).toBe(results.checksum!.source_rows)
    }
  })

  it('stands when the other side does not follow', async () => {
    const pair = await statementPair(tables)
    const pauses: number[] = []
    const options = {
      meanwhile: () => pair.source.sql.unsafe(write).simple(),
      pause: async (milliseconds: number) => void pauses.push(milliseconds),
    }
    const stood = await pair.verify(table, options)
    expect(stood.findings.length).toBe(table === 'by_row' ? 6 : 4)
    expect(pauses).toEqual([100, 300, 1000])
  })
})

it('settles rows that are many and rewritten as a whole', async () => {
  const pair = await statementPair(tables)
  const write = (table: string) => `update ${table} set t = t || 'x'`
  for (const table of ['by_key', 'by_hash', 'by_row']) {
    let followed = false
    const { findings } = await pair.verify(table, {
      meanwhile: () => pair.source.sql.unsafe(write(table)),
      pause: async () => {
        if (!followed) await pair.target.sql.unsafe(write(table))
        followed = true
      },
    })
    expect({ table, followed, findings }).toEqual({ table, followed: true, findings: [] })
  }
})

it('finds what stands, and nothing else, while both sides are written', {
  timeout: 90_000,
}, async () => {
  const pair = await statementPair(tables)
  await pair.target.sql`update by_key set t = 'wrong' where k = 1234`
  let writing = true
  let written = 0
  const writer = (async () => {
    while (writing) {
      const k = 2000 + ((written * 7) % 1000)
      const change =
        written % 5 === 0
          ? `delete from by_key where k = ${k}`
          : `insert into by_key values (${k}, 'v${written}') on conflict (k) do update set t = excluded.t`
      await pair.source.sql.unsafe(change)
      await pair.target.sql.unsafe(change)
      written += 1
    }
  })()
  const before: number[] = []
  let settled = 0
  for (let round = 0; round < 8; round += 1) {
    before.push(written)
    const { findings } = await pair.verify('by_key', {
      pause: async (milliseconds) => {
        settled += 1
        await new Promise((resolve) => setTimeout(resolve, milliseconds))
      },
    })
    expect(findings.map(({ kind, key }) => [kind, key])).toEqual([['changed', ['1234']]])
  }
  writing = false
  await writer
  expect(written).toBeGreaterThan(before.at(-1)!)
  expect(settled).toBeGreaterThan(0)
})
