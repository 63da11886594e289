/** A migration never takes the last connections of a server: not at the source, not at the target. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type Servers, startServers } from '../../scripts/local/index.ts'
import { type Ended, type RunOptions, runMigration } from '../../scripts/run/run.ts'
import type { Note } from '../../shared/plan/problem.ts'
import { emptyTarget, filledSource, inventory, plainServer, plan } from '../e2e/run-scene.ts'
import { assertExactCopy } from '../support/oracle.ts'
import { type Scratch, scratchDatabase } from '../support/scratch.ts'
import { SETTINGS } from '../support/servers.ts'
import { type Knocking, knock, leaveFree, limitedRole } from './connections.ts'

const ROWS = 3000
const asked = { ...plan, settings: { lanes: 4, batch_rows: 100 } }
const refusal = (code: string) => expect.objectContaining({ code, status: 409 })
/** What is said of a note in the tests, and what is expected of one. */
const shown = ({ code, path, message }: Note) => [code, path, message.replace(/ left.*: /, ': ')]
const reduced = (message: string) => ['lanes_reduced', 'settings.lanes', message]

let servers: Servers
let directory: string
/** A server of this file alone, on which connections can run out. */
let small: string
let source: Scratch
/** A role of the small server that is no superuser. */
let visitor: string

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'ferry-test-'))
  servers = await startServers({ directory, settings: { ...SETTINGS, max_connections: '30' } })
  small = servers.source.url('postgres')
  visitor = servers.source.url('postgres', 'legacy_reader')
  source = await filledSource(ROWS)
})
afterAll(async () => {
  await source?.drop()
  await servers?.stop()
  rmSync(directory, { recursive: true, force: true })
})

/** `ferry run`, with what it says; a visitor of the small server knocks from its beginning on. */
async function run(call: { source: string; target: string } & Partial<RunOptions>) {
  const notes: Note[] = []
  let knocking: Knocking | undefined
  let knocks: Awaited<ReturnType<Knocking['end']>> | undefined
  let ended: Ended | undefined
  try {
    ended = await runMigration({
      plan: asked,
      jobs: 1,
      following: { cutover: false, seconds: undefined },
      display: undefined,
      signal: new AbortController().signal,
      log: () => undefined,
      note: (note) => notes.push(note),
      ...call,
      began(id, resumed) {
        knocking = knock(visitor)
        call.began?.(id, resumed)
      },
    })
  } finally {
    knocks = await knocking?.end()
  }
  expect(knocks?.tries).toBeGreaterThan(0)
  expect(knocks?.refused).toBe(0)
  return { outcome: ended?.outcome, notes: notes.map(shown) }
}

/** Lanes as they are configured and allowed, and errors that were met on the way. */
async function lanesOf({ sql }: Scratch) {
  const rows = await sql<{ lanes: number; allowed: number; errors: number }[]>`
    select (configuration ->> 'lanes')::integer as lanes, lanes_allowed as allowed,
           (select count(*) from migration.errors)::integer as errors
      from migration.orchestrations`
  return [...rows]
}

async function smallDatabase(): Promise<Scratch> {
  const made = await scratchDatabase(small)
  onTestFinished(() => made.drop())
  return made
}

async function smallSource(): Promise<Scratch> {
  const made = await filledSource(ROWS, small)
  onTestFinished(() => made.drop())
  return made
}

describe('at the source', () => {
  test('half of what the server has left, with a note', async () => {
    const [legacy, target] = await Promise.all([smallSource(), emptyTarget()])
    await leaveFree(small, 4)
    expect(await run({ source: legacy.url, target: target.url })).toEqual({
      outcome: 'completed',
      notes: [reduced('The source has 4 connections: 2 of 4 lanes there.')],
    })
    expect(await lanesOf(target)).toEqual([{ lanes: 2, allowed: 2, errors: 0 }])
    await assertExactCopy({ source: legacy.url, target: target.url })
  })

  test.each([0, 1])('refused with %i left, nothing written', async (left) => {
    const [legacy, target] = await Promise.all([smallSource(), emptyTarget()])
    const reader = await limitedRole(legacy, -1)
    const before = await inventory(target)
    await leaveFree(small, left)
    const started = run({ source: reader, target: target.url })
    await expect(started).rejects.toEqual(refusal('source_too_few_connections'))
    expect(await inventory(target)).toEqual(before)
  })

  test('a role with a limit of its own', async () => {
    const [legacy, target] = await Promise.all([smallSource(), emptyTarget()])
    const reader = await limitedRole(legacy, 1)
    expect(await run({ source: reader, target: target.url })).toMatchObject({
      outcome: 'completed',
      notes: [reduced('The source has 1 connection: 1 of 4 lanes there.')],
    })
    expect(await lanesOf(target)).toEqual([{ lanes: 1, allowed: 1, errors: 0 }])
  })

  test('a limit of the database', async () => {
    const [legacy, target] = await Promise.all([smallSource(), emptyTarget()])
    const reader = await limitedRole(legacy, -1)
    await legacy.sql`alter database ${legacy.sql(legacy.name)} connection limit 7`
    // One of the seven is the test's.
    expect((await run({ source: reader, target: target.url })).notes).toEqual([
      reduced('The source has 6 connections: 3 of 4 lanes there.'),
    ])
  })

  test('no bound where the server cannot be asked', async () => {
    const [legacy, target] = await Promise.all([smallSource(), emptyTarget()])
    const reader = await limitedRole(legacy, 4)
    await legacy.sql`revoke execute on function pg_catalog.pg_stat_get_activity from public`
    expect((await run({ source: reader, target: target.url })).notes).toEqual([])
    expect(await lanesOf(target)).toMatchObject([{ lanes: 4 }])
  })
})

describe('at the target', () => {
  test('half of what the server has left, after what the command takes besides', async () => {
    const target = await smallDatabase()
    // The connection that listens is there when the server is asked.
    await leaveFree(small, 17)
    expect(await run({ source: source.url, target: target.url })).toEqual({
      outcome: 'completed',
      notes: [reduced('The target has 16 connections: 2 of 4 lanes there.')],
    })
    expect(await lanesOf(target)).toEqual([{ lanes: 2, allowed: 2, errors: 0 }])
    await assertExactCopy({ source: source.url, target: target.url })
  })

  test('one lane, and the last connection of the server stays free', async () => {
    const target = await smallDatabase()
    await leaveFree(small, 8)
    const { outcome } = await run({ source: source.url, target: target.url })
    expect(outcome).toBe('completed')
    expect(await lanesOf(target)).toEqual([{ lanes: 1, allowed: 1, errors: 0 }])
  })

  test('refused where that would be the last, nothing written', async () => {
    const target = await smallDatabase()
    const before = await inventory(target)
    await leaveFree(small, 7)
    const started = run({ source: source.url, target: target.url })
    await expect(started).rejects.toEqual(refusal('target_too_few_connections'))
    expect(await inventory(target)).toEqual(before)
  })

  test.each([
    [7, 'completed'],
    [6, 'target_too_few_connections'],
  ])('a role that may connect %i times: %s', async (limit, expected) => {
    const target = await smallDatabase()
    const before = await inventory(target)
    const owner = await limitedRole(target, limit)
    const ended = await run({ source: source.url, target: owner }).then(
      ({ outcome }) => outcome,
      ({ code }: { code: string }) => code,
    )
    expect(ended).toBe(expected)
    if (ended === 'completed') {
      expect(await lanesOf(target)).toEqual([{ lanes: 1, allowed: 1, errors: 0 }])
    } else expect(await inventory(target)).toEqual(before)
  })
})

describe('a migration that is taken up again', () => {
  test('is refused where not even one lane fits, and stays as it is', async () => {
    const target = await smallDatabase()
    const stop = new AbortController()
    const call = { source: source.url, target: target.url }
    const stopped = await run({ ...call, signal: stop.signal, began: () => stop.abort() })
    expect(stopped).toEqual({ outcome: 'going', notes: [] })
    const state = () => target.sql`select * from migration.orchestrations`
    const before = await state()
    expect(before).toMatchObject([{ lanes_allowed: 4, control_state: 'paused' }])

    await leaveFree(small, 7)
    await expect(run(call)).rejects.toEqual(refusal('target_too_few_connections'))
    expect(await state()).toEqual(before)
  })

  test('in fewer lanes than it began with', async () => {
    const target = await smallDatabase()
    const stop = new AbortController()
    const call = { source: source.url, target: target.url }
    await run({ ...call, signal: stop.signal, began: () => stop.abort() })
    await leaveFree(small, 17)
    expect(await run(call)).toMatchObject({
      outcome: 'completed',
      notes: [reduced('The target has 16 connections: 2 of 4 lanes there.')],
    })
    expect(await lanesOf(target)).toEqual([{ lanes: 2, allowed: 2, errors: 0 }])
    await assertExactCopy({ source: source.url, target: target.url })
  })
})

test('without want on either side: the lanes of the plan, and no note', async () => {
  const target = await emptyTarget(plainServer())
  expect(await run({ source: source.url, target: target.url })).toEqual({
    outcome: 'completed',
    notes: [],
  })
  expect(await lanesOf(target)).toMatchObject([{ lanes: 4, errors: 0 }])
})
