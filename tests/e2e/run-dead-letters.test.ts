/** `ferry run` with rows that the target does not take: they are counted and told, and fail nothing. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { type Scratch, scratchDatabase } from '../support/scratch.ts'
import { objectOf, run } from './run-command.ts'
import { emptyTarget, plainServer } from './run-scene.ts'

const FERRY = join(import.meta.dirname, '../../scripts/ferry.ts')

const plan = {
  version: 1,
  name: 'visits',
  source: { secret: 'LEGACY_DATABASE_URL', system: 'visits' },
  entities: [
    {
      source: 'public.visits',
      id: { strategy: 'uuid' },
      columns: { cost: { op: 'cast', of: 'cost', to: 'numeric(10,2)' } },
    },
  ],
}

let source: Scratch

beforeAll(async () => {
  source = await scratchDatabase(plainServer())
  await source.sql`create table public.visits (id integer primary key, cost text)`
  await source.sql`
    insert into public.visits select n, case n when 500 then 'free' else n::text end from generate_series(1, 1000) n`
})
afterAll(() => source.drop())

/** For people, as a shell would run it. */
async function ferry(args: readonly string[], input: string, environment: Record<string, string>) {
  const child = spawn(process.execPath, [FERRY, ...args], {
    env: { PATH: process.env.PATH, ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  child.stdin.end(input)
  let out = ''
  let err = ''
  child.stdout.on('data', (chunk) => (out += chunk))
  child.stderr.on('data', (chunk) => (err += chunk))
  const code = await new Promise<number | null>((ended) => child.on('close', ended))
  return { code, out, err }
}

test('a refused row is told, with where to look, and every row is accounted for', async () => {
  const target = await emptyTarget()
  const addresses = { LEGACY_DATABASE_URL: source.url, TARGET_DATABASE_URL: target.url }
  const ended = await ferry(['run', '-'], JSON.stringify(plan), addresses)
  expect(ended.code, ended.out + ended.err).toBe(0)
  expect(ended.out).toMatch(/^completed: 999 rows, 1 refused, /m)
  const told = /which and why: ferry (errors [0-9a-f]{8} --target) URL/.exec(ended.out)
  expect(told, ended.out).not.toBeNull()
  const [name = '', ...more] = told?.[1]?.split(' ') ?? []
  const errors = await ferry([name, ...more, target.url], '', {})
  expect(errors.code, errors.err).toBe(0)
  expect(errors.out).toMatch(/^public\.visits +500 +value_invalid .*cost$/m)
})

test('mended, it is replayed from this machine, and what is left is put away', async () => {
  const own = await scratchDatabase(plainServer())
  onTestFinished(() => own.drop())
  const { sql } = own
  await sql`create table public.visits (id integer primary key, cost text)`
  await sql`insert into public.visits values (1, '1'), (2, 'free'), (3, 'dear'), (4, 'n/a')`
  const target = await emptyTarget()
  const addresses = { LEGACY_DATABASE_URL: own.url, TARGET_DATABASE_URL: target.url }
  const ended = await ferry(['--json', 'run', '-'], JSON.stringify(plan), addresses)
  expect(ended.code, ended.out + ended.err).toBe(0)
  const id = (JSON.parse(ended.out) as { migration_id: string }).migration_id.slice(0, 8)

  await sql`update public.visits set cost = '2.50' where id = 2`
  const sides = ['--source', own.url, '--target', target.url]
  const replayed = await ferry(['replay', id, ...sides], '', {})
  expect(replayed.code, replayed.out + replayed.err).toBe(0)
  expect(replayed.out).toMatch(/^verification \(full\) passed/m)
  const [entity] = plan.entities
  const cost = { ...entity!.columns.cost, of: { op: 'null_if', of: 'cost', values: ['n/a'] } }
  const mended = { ...plan, entities: [{ ...entity, columns: { cost } }] }
  const again = await ferry(['replay', id, '--plan', '-', ...sides], JSON.stringify(mended), {})
  expect(again.code, again.out + again.err).toBe(0)
  expect([...(await target.sql`select cost::text from public.visits order by 1`)]).toEqual([
    { cost: '1.00' },
    { cost: '2.50' },
    { cost: null },
  ])
  const put = await ferry(['resolve', id, '--notes', 'known', '--target', target.url], '', {})
  expect([put.code, put.out]).toMatchObject([0, expect.stringMatching(/^1 refused row put away/)])
  const nothing = await ferry(['--json', 'replay', id, ...sides], '', {})
  expect([nothing.code, nothing.out]).toMatchObject([
    2,
    expect.stringContaining('nothing_to_replay'),
  ])
})

test('the result for machines counts it', async () => {
  const target = await emptyTarget()
  const ended = await run({ source: source.url, target: target.url, plan })
  expect(ended.code, ended.out + ended.err).toBe(0)
  expect(objectOf(ended)).toMatchObject({
    status: 'completed',
    entities: [
      { records_total: 1000, records_processed: 999, records_failed: 1, records_filtered: 0 },
    ],
  })
})

test('more than the plan allows fail the entity, with the reason', async () => {
  const target = await emptyTarget()
  const strict = { ...plan, settings: { refusals: { rows: 0, share: 0 } } }
  const ended = await run({ source: source.url, target: target.url, plan: strict })
  expect(ended.code, ended.out + ended.err).toBe(1)
  expect(objectOf(ended)).toMatchObject({
    status: 'failed',
    failure: { errors: [{ error_code: 'refusals_exceeded', entity_name: 'public.visits' }] },
  })
})
