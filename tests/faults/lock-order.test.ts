/**
 * Everything that touches the control plane at once, on one migration with tiny batches: the locks must
 * come in one order. PostgreSQL itself counts deadlocks; not one is allowed, and the books are exact.
 */
import type { Sql } from 'postgres'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { assertExactCounters } from '../support/counters.ts'
import { testDatabase } from '../support/database.ts'
import { type Dice, dice } from '../support/dice.ts'
import { openHammer, type Player } from '../support/hammer.ts'

let url: string
let drop: () => Promise<void>

beforeAll(async () => {
  ;({ url, drop } = await testDatabase())
})
afterAll(() => drop())

describe('the control plane', () => {
  it('has one lock order: eight sessions hammer one migration without a deadlock', async () => {
    const chance = dice()
    console.log(`lock-order: FERRY_SEED=${chance.seed}`)
    const hammer = await openHammer(url, { entities: 6, rowsEach: 50, stepsEach: 6, lanes: 4 })
    const players: [string, Player][] = [
      ...[1, 2, 3, 4].map((n): [string, Player] => [`worker ${n}`, hammer.work]),
      ['watchdog', watch],
      ['operator', operate],
      ['steps 1', runSteps],
      ['steps 2', runSteps],
      ['starter', startOthers],
    ]
    await Promise.all(players.map(([name, player]) => hammer.play(name, player, chance)))
    expect(hammer.surprises).toEqual([])
    expect(await hammer.deadlocks()).toBe(0)
    await assertExactCounters(url, hammer.id)
    await hammer.close()
  })

  async function watch(sql: Sql) {
    await sql`select migration.watchdog()`
  }

  async function runSteps(sql: Sql) {
    await sql`select migration.run_steps()`
  }

  async function operate(sql: Sql, chance: Dice, id: string) {
    if (chance.oneIn(4)) {
      await sql`select migration.pause(${id}, 'hammer')`
      await sql`select migration.resume(${id}, 'hammer')`
    }
    await sql`select migration.status_report(${id})`
    await sql`select migration.list_migrations()`
  }

  /** Another migration's birth attaches a partition, and its end is audited. */
  async function startOthers(sql: Sql, chance: Dice) {
    const entities = [
      {
        entity_name: 'legacy.other',
        target_entity: 'public.other',
        dependency_order: 1,
        records_total: 1,
        definition: { target: { schema: 'public', table: 'other' } },
      },
    ]
    const configuration = {
      functions_url: 'http://127.0.0.1:9',
      dispatch_mode: 'pg_net',
      lanes: 1,
      lease_seconds: 15,
      max_retries: 6,
      batch_rows: 5,
      source_secret: 'LEGACY_DATABASE_URL',
    }
    await sql`select migration.cancel(migration.start(p_plan => '{"name":"other"}',
      p_plan_fingerprint => 'p', p_source_fingerprint => 's',
      p_entities => ${JSON.stringify(entities)}::text::jsonb,
      p_configuration => ${JSON.stringify(configuration)}::text::jsonb, p_created_by => 'hammer'), 'hammer')`
    await new Promise((resolve) => setTimeout(resolve, chance.between(50, 300)))
  }
})
