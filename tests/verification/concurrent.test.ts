/** A verification of tables in use: what is on its way settles, and what is wrong stands. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Sql } from 'postgres'
import { describe, expect, it } from 'vitest'
import { statementPair } from '../integration/verification/rows-pair.ts'
import { dice } from '../support/dice.ts'
import { named, openScene } from './scene.ts'

const LEGACY = ['by_number integer', 'by_text text']
  .map((column) => {
    const [table, type] = column.split(' ')
    return `create table ${table} (id ${type} primary key, v text);
      insert into ${table} select n, 'v' || n from generate_series(1, 3000) n;`
  })
  .join('\n')
const KEYLESS = `create table bare (id integer, v text);
  insert into bare select n % 200, 'v' from generate_series(1, 1000) n; analyze;`

/** Milliseconds until the target has what the source has, and until the next change. */
const LAG = 8
const REST = 2
/** Each has rows of its own: two that change one row in turn would make a true difference. */
const WRITERS = [0, 1, 2]

interface Writers {
  /** Changes applied to both sides so far. */
  readonly written: () => number
  stop(): Promise<void>
}

/** Changes rows on both sides in the same way, the source first; ids up to 100 are left alone. */
function write(source: Sql, target: Sql): Writers {
  let stopped = false
  let written = 0
  const loops = WRITERS.map(async (writer) => {
    const chance = dice(50 + writer)
    while (!stopped) {
      const id = 101 + writer + 3 * chance.between(0, 960)
      const bare = writer + 3 * chance.between(0, 60)
      const statement = changeOf(chance.between(0, 99), id, bare, `w${writer} ${written}`)
      await source.unsafe(statement)
      await sleep(LAG)
      await target.unsafe(statement)
      written += 1
      await sleep(REST)
    }
  })
  return {
    written: () => written,
    async stop() {
      stopped = true
      await Promise.all(loops)
    },
  }
}

function changeOf(die: number, id: number, bare: number, value: string): string {
  const table = die % 2 === 0 ? 'by_number' : 'by_text'
  if (die < 15) return `delete from public.${table} where id = '${id}'`
  if (die < 30) {
    return `insert into public.${table} values ('${id + 3000}', 'new') on conflict (id) do update set v = '${value}'`
  }
  if (die < 60) return `update public.${table} set v = '${value}' where id = '${id}'`
  if (die < 70) return `delete from public.bare where id = ${bare}`
  if (die < 80) return `update public.bare set v = '${value}' where id = ${bare}`
  return `insert into public.bare values (${bare}, 'new')`
}

describe('a verification while both sides are written to', async () => {
  const scene = await openScene()
  const { source, target } = scene

  it('ends without a false difference, and with the true one', async () => {
    await source.unsafe(LEGACY + KEYLESS).simple()
    const id = await scene.startHeld()
    await scene.control('resume', id)
    expect(await scene.settled(id)).toMatchObject({ status: 'passed' })
    const verify = async () => {
      const before = writers.written()
      await scene.control('verify', id)
      const pass = await scene.settled(id)
      expect(pass.mode).toBe('full')
      expect(writers.written()).toBeGreaterThan(before + 10)
      return (await scene.findings(pass.id)).map(named).toSorted()
    }
    const writers = write(source, target)
    try {
      for (let pass = 0; pass < 3; pass += 1) expect(await verify()).toEqual([])
      await target`update public.by_number set v = 'wrong' where id = 50`
      await target`delete from public.by_text where id = '50'`
      await target`insert into public.bare values (-1, 'extra')`
      expect(await verify()).toEqual([
        'changed by_number ["50"] v',
        'count bare 1',
        'count by_text -1',
        'extra bare 0 to 1',
        'missing by_text ["50"]',
      ])
    } finally {
      await writers.stop()
    }
    await scene.control('repair', id)
    expect(await scene.settled(id)).toMatchObject({ kind: 'verify', status: 'passed' })
  })
})

it.each([
  ['integer primary key', 1],
  ['text primary key', 1],
  ['integer', 1],
  ['integer', 300],
])(
  'another row of a table (id %s) is on its way at each look, %i at a time',
  async (type, rows) => {
    const table = `create table t (id ${type}, v text); insert into t select n, 'v' from generate_series(1, 20000) n;`
    const pair = await statementPair(table)
    let looks = 0
    const change = (look: number) =>
      `update t set v = 'w${look}' where id::text::integer between ${look * 2000 + 1} and ${look * 2000 + rows}`
    const { findings } = await pair.verify('t', {
      meanwhile: () => pair.source.sql.unsafe(change(0)),
      async pause() {
        await pair.target.sql.unsafe(change(looks))
        looks += 1
        await pair.source.sql.unsafe(change(looks))
      },
    })
    expect(findings).toEqual([])
    expect(looks).toBeGreaterThan(0)
  },
)
