/**
 * The generated clinic, changed round by round, and its target kept in step: after a sweep and a comparison
 * of all rows both sides are equal, and what the sweeps say they did is what was done. As it is, and through
 * the example plan; there the measure is a migration of the same source that begins anew.
 * `FERRY_FULL=1` has five rounds of every strategy; otherwise the dice choose. `FERRY_SEED` repeats a run.
 */
import { readFile } from 'node:fs/promises'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dropDatabase, ensureDatabase } from '../../scripts/local/index.ts'
import { start } from '../fidelity/move.ts'
import { applyTarget } from '../mapping/clinic-scene.ts'
import { dice } from '../support/dice.ts'
import { sharedData } from '../support/dump.ts'
import { compareDatabases } from '../support/oracle.ts'
import { testProject } from '../support/project.ts'
import {
  type Changes,
  type ClinicSource,
  openClinicSource,
  type Strategy,
} from './clinic-source.ts'
import { streamerRole } from './log-scene.ts'
import { caughtUp, type Swept, sweepOf, unscheduled } from './scene.ts'

const chance = dice()
const isFull = process.env.FERRY_FULL === '1'
const strategies: readonly Strategy[] = isFull
  ? ['timestamp', 'xmin', 'id', 'hash', 'log']
  : [chance.pick(['timestamp', 'xmin', 'id', 'log'] as const)]
const rounds = isFull ? 5 : 2
const timeout = isFull ? 1_800_000 : 420_000

describe.skipIf(sharedData() === undefined)(`with FERRY_SEED=${chance.seed}`, async () => {
  const { project, servers, targetUrl } = await testProject({
    faults: { duplicate: 0.1 },
    ownServers: true,
  })
  const target = postgres(targetUrl, { max: 2, onnotice: () => undefined })
  const name = `sync_rounds_${chance.seed}`
  const reader = servers.source.url(name, await streamerRole(servers.source.url('postgres')))
  let clinic: ClinicSource
  beforeAll(async () => {
    await ensureDatabase(servers.source, name)
    clinic = await openClinicSource({ url: servers.source.url(name), scale: 0.1, dirt: 1 })
  }, timeout)
  afterAll(async () => {
    await clinic?.close()
    await target.end()
    await dropDatabase(servers.source, name)
  })

  const begin = async (plan: object) => {
    const id = await start({ project, targetUrl, source: reader, plan })
    await caughtUp(target, id)
    return id
  }

  it.each(strategies)('copied as it is, by %s', { timeout }, async (strategy) => {
    const schema = `as_${strategy}`
    const id = await begin({
      entities: clinic.entities(strategy),
      rename: { schemas: { public: schema } },
      sync: {
        schedule: unscheduled,
        publication: 'clinic',
        delete_limit: { rows: 100_000, share: 1 },
      },
    })
    for (let round = 1; round <= rounds; round += 1) {
      const changes = await clinic.change()
      const first = await sweepOf(target, id, 'changes')
      const second = await sweepOf(target, id, 'hash')
      expect(added([first, second])).toEqual(changes)
      expect(await differencesOf(schema)).toEqual([])
    }
    expect(await sweepOf(target, id, 'hash')).toMatchObject({ status: 'completed', did: {} })
  })

  it.each(strategies)('through the plan, by %s', { timeout }, async (strategy) => {
    await applyTarget(targetUrl)
    const id = await begin(await examplePlan(clinic, strategy, `followed-${strategy}`))
    for (let round = 1; round <= rounds; round += 1) {
      await clinic.change()
      await sweepOf(target, id, 'changes')
      await sweepOf(target, id, 'hash')
    }
    const followed = await bookOf(id)
    await target`select migration.cancel(${id}, 'test')`
    await applyTarget(targetUrl)
    const anew = await begin(await examplePlan(clinic, 'hash', `anew-${strategy}`))
    const fresh = await bookOf(anew)
    await target`select migration.cancel(${anew}, 'test')`
    expect(followed.letters).toEqual(fresh.letters)
    expect(followed.rows).toEqual(fresh.rows)
  })

  async function differencesOf(schema: string) {
    const tables = clinic.entities('hash') as { source: string }[]
    return compareDatabases({
      source: servers.source.url(name),
      target: targetUrl,
      pairs: tables.map(({ source }) => [source, source.replace('public', schema)] as const),
    })
  }

  /** Dead letters, and how many rows each table has with a digest of what no UUID is in. */
  async function bookOf(id: string) {
    const letters = await target<{ letter: string }[]>`
      select entity_name || ' ' || source_key || ' ' || error_code as letter from migration.dead_letters
       where migration_id = ${id} and not is_resolved order by 1`
    const tables = await target<{ name: string }[]>`
      select distinct format('%I.%I', definition #>> '{target,schema}', definition #>> '{target,table}') as name from migration.entity_statuses where migration_id = ${id} order by 1`
    const rows: Record<string, string> = {}
    for (const { name: table } of tables) rows[table] = await digestOf(table)
    return { letters: letters.map(({ letter }) => letter), rows }
  }

  async function digestOf(table: string): Promise<string> {
    // ids are named within a source system, and each of the two migrations has its own
    const [row] = await target.unsafe<{ digest: string }[]>(`
      select count(*) || ' ' || coalesce(md5(string_agg(t, ' ' order by t)), '') as digest from (
        select regexp_replace(row_to_json(r)::text, '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}', 'id', 'g') as t from ${table} r) x`)
    return row!.digest
  }
})

async function examplePlan(clinic: ClinicSource, strategy: Strategy, system: string) {
  const file = new URL('../../examples/clinic/plan.json', import.meta.url)
  const plan = JSON.parse(await readFile(file, 'utf8'))
  return {
    ...plan,
    source: { secret: 'FIDELITY_SOURCE', schemas: ['public'], system },
    entities: clinic.followed(plan.entities, strategy),
    sync: {
      schedule: unscheduled,
      publication: 'clinic',
      invalid: 'delete',
      delete_limit: { rows: 100_000, share: 1 },
    },
  }
}

/** What two sweeps did together. */
function added(sweeps: readonly Swept[]): Changes {
  const all = new Map<string, number[]>()
  for (const { did } of sweeps) {
    for (const [table, text] of Object.entries(did)) {
      const more = text.split(' ').slice(0, 3).map(Number)
      const had = all.get(table) ?? [0, 0, 0]
      all.set(
        table,
        had.map((value, at) => value + more[at]!),
      )
    }
  }
  return Object.fromEntries([...all].map(([table, counts]) => [table, counts.join(' ')]))
}
