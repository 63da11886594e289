/**
 * The embedded project as users run it, and SIGKILL for any one of its processes at any moment. Nobody
 * helps but the project itself, which is started again where it died. `FERRY_CHAOS_ROUNDS` sets the number
 * of kills, `FERRY_SEED` repeats a run.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import postgres from 'postgres'
import { describe, expect, it } from 'vitest'
import { loadClinic } from '../../scripts/demo/load-clinic.ts'
import type { ProjectFile } from '../../scripts/local/index.ts'
import { assertExactCounters } from '../support/counters.ts'
import { dice } from '../support/dice.ts'
import { eventually } from '../support/eventually.ts'
import { type Foreground, openForeground, type ProcessKind } from '../support/foreground.ts'
import { assertExactCopy } from '../support/oracle.ts'
import { fillSource } from '../support/sample.ts'

const kinds: readonly ProcessKind[] = [
  'dev',
  'isolate',
  'target postmaster',
  'target process',
  'source postmaster',
  'source process',
]
const rounds = Number(process.env.FERRY_CHAOS_ROUNDS ?? 4)

describe('the embedded project', () => {
  it('survives the death of any process at any moment', {
    timeout: 60_000 + rounds * 15_000,
  }, async () => {
    const chance = dice()
    console.log(`chaos: FERRY_SEED=${chance.seed}, ${rounds} rounds`)
    const foreground = openForeground()
    try {
      let file = await foreground.up()
      await loadClinic(file.source_url, 0.3)
      await fillSource(file.source_url, { schema: 'bulk', rows: 150_000, wide: 400 })
      const id = await start(file)
      const deck = kinds.toSorted(() => chance.next() - 0.5)
      for (let round = 0; round < rounds; round += 1) {
        await sleep(chance.between(100, 1500))
        const kind = deck[round % deck.length]!
        const before = await look(file, id)
        const killed = await killOne(foreground, kind, chance.next())
        console.log(`round ${round + 1}: ${killed} killed at ${before}`)
        if (kind !== 'dev') continue
        await foreground.ended()
        file = await foreground.up()
      }
      await eventually(() => isCompleted(file, id), { within: 60_000, every: 250, what: 'the end' })
      const urls = { source: file.source_url, target: file.database_url }
      await assertExactCopy(urls)
      await assertExactCounters(urls.target, id)
    } catch (error) {
      console.log(foreground.output())
      throw error
    } finally {
      expect(await foreground.close()).toEqual([])
    }
  })
})

async function start(file: ProjectFile): Promise<string> {
  const response = await fetch(`${file.url}/functions/v1/start`, {
    method: 'POST',
    headers: { apikey: file.secret_key, 'content-type': 'application/json' },
    body: JSON.stringify({
      plan: {
        version: 1,
        name: 'chaos',
        source: { secret: 'LEGACY_DATABASE_URL', schemas: ['public', 'bulk'] },
        entities: '*',
        settings: { lanes: 2, batch_rows: 2000 },
      },
    }),
  })
  const text = await response.text()
  expect(response.status, text).toBe(202)
  return (JSON.parse(text) as { migration_id: string }).migration_id
}

/** @param throwOf from 0 to below 1: which one, where there are several */
async function killOne(
  foreground: Foreground,
  kind: ProcessKind,
  throwOf: number,
): Promise<string> {
  const candidates = await eventually(
    () => {
      const found = foreground.processes().filter((each) => each.kind === kind)
      return found.length > 0 && found
    },
    { within: 20_000, every: 20, what: `there is a ${kind}` },
  )
  const victim = candidates[Math.floor(throwOf * candidates.length)]!
  process.kill(victim.pid, 'SIGKILL')
  return `${kind} (${victim.command.slice(0, 60)})`
}

interface Row {
  readonly status: string
  readonly progress: string
  readonly reason: string | null
}

/** Only looks: a call of the function `status` would sweep. */
async function row(file: ProjectFile, id: string): Promise<Row> {
  const sql = postgres(file.database_url, { max: 1, connect_timeout: 2, onnotice: () => undefined })
  try {
    const [found] = await sql<Row[]>`
      select status, progress_percentage::text as progress, failure_reason as reason
        from migration.orchestrations where id = ${id}`
    return found!
  } finally {
    await sql.end({ timeout: 1 })
  }
}

async function look(file: ProjectFile, id: string): Promise<string> {
  return await row(file, id).then(
    ({ status, progress }) => `${progress} %, ${status}`,
    () => 'a moment when the target is down',
  )
}

async function isCompleted(file: ProjectFile, id: string): Promise<boolean> {
  const { status, progress, reason } = await row(file, id)
  if (status === 'completed') return true
  throw new Error(`it is ${status} at ${progress} %, ${reason ?? 'no failure'}`)
}
