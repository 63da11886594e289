/** Functions that die while they verify and repair mapped rows: others take it up, and say and do the same, once. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { assertExactCounters } from '../support/counters.ts'
import { eventually } from '../support/eventually.ts'
import { makeImpatient } from '../support/fault-settings.ts'
import { kill } from '../support/process.ts'
import { named, openScene, type Pass } from '../verification/scene.ts'
import { BULK, idOf, PLAN, SOURCE, snapshot } from './repair-tables.ts'

const DAMAGE = `
  set session_replication_role = replica;
  update bulk set v = 'other' where legacy % 10 = 1; delete from bulk where legacy % 50 = 0;
  insert into bulk select ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, -n, 'extra' from generate_series(1, 20) n;
  delete from office where legacy in (3, 4); delete from person where legacy in (4, 5); delete from node where legacy = 3;
  delete from visit where legacy > 30; insert into pair values (11, 'x', 'extra'); delete from pair where a = 2;
  insert into person (id, legacy, age) values ('${idOf('person', 33)}', 33, 999);`

describe('mapped rows', async () => {
  const scene = await openScene()
  const { source, target, superuser, project } = scene
  let id: string
  let clean: Awaited<ReturnType<typeof snapshot>>
  let found: readonly string[]
  const disarm = () => project.setSecret('FERRY_FAILPOINTS', '')
  await source.unsafe(SOURCE).simple()
  await makeImpatient(scene.targetUrl)
  await target.unsafe(`create or replace function migration._check_batch_rows(p_entity migration.entity_statuses)
    returns integer language sql stable set search_path = '' as $$
    select case when p_entity.entity_name ~ 'bulk' then ${BULK / 12} else 20000 end $$`)
  afterEach(() => disarm())

  const lines = async (pass: Pass) => (await scene.findings(pass.id)).map(named).toSorted()
  const workers = () => project.isolates().filter((each) => each.function === 'process-batch')
  const endFunctions = () => {
    for (const { pid } of workers()) kill(project, pid)
  }

  /** For all functions: those that run have not heard of it, so they end. */
  async function arm(points: string): Promise<void> {
    const renewed = project.setSecret('FERRY_FAILPOINTS', points)
    endFunctions()
    await renewed
  }

  /** Sweeps all the time, and ends processes that have a batch of the kind, until so many were buried. */
  async function killing(kind: string, deaths: number): Promise<void> {
    for (let wait = 0; ; wait = (wait + 7) % 50) {
      await target`select migration.watchdog()`
      const [row] = await target<{ deaths: number; working: boolean }[]>`
        select sum(deaths)::int as deaths, bool_or(status = 'processing') as working
          from migration.batches where migration_id = ${id} and kind = ${kind}`
      if (row!.deaths >= deaths) return
      if (row!.working) {
        await sleep(wait)
        endFunctions()
      }
      await sleep(5)
    }
  }

  async function swept(): Promise<Pass> {
    let ended = false
    const sweeps = (async () => {
      while (!ended) {
        await target`select migration.watchdog()`
        await sleep(100)
      }
    })()
    return scene.settled(id, 60_000).finally(async () => {
      ended = true
      await sweeps
    })
  }

  it('are found to differ the same whoever dies', { timeout: 90_000 }, async () => {
    id = await scene.startHeld(PLAN)
    clean = await snapshot(target, id)
    await superuser.unsafe(DAMAGE).simple()
    await scene.control('resume', id)
    const quiet = await swept()
    expect(quiet).toMatchObject({ is_gate: true, status: 'failed' })
    found = await lines(quiet)
    expect(found).toEqual(expect.arrayContaining(['missing visit ["40"]', 'extra person ["33"]']))
    expect(found.length).toBeGreaterThan(BULK / 10 + BULK / 50)

    await arm('verify.checked=hold:40')
    await scene.control('verify', id)
    await killing('verify', 4)
    expect(await lines(await swept())).toEqual(found)
  })

  it('are made anew once, whoever dies', { timeout: 120_000 }, async () => {
    await arm('repair.chosen=hold:60,repair.completed=hold:60')
    await scene.control('repair', id)
    await killing('repair', 3)
    const last = await swept()
    expect((await lines(last)).slice(0, 20)).toEqual([])
    expect(last).toMatchObject({ kind: 'verify', is_gate: true, status: 'passed' })
    expect(await snapshot(target, id)).toEqual(clean)
    expect(await scene.statusOf(id)).toEqual({ status: 'completed', failure_code: null })
    await assertExactCounters(scene.targetUrl, id)
  })

  it.each([
    'verify.carved',
    'verify.checked',
    'verify.committed',
    'repair.chosen',
    'repair.completed',
  ])('are right when functions end at %s', { timeout: 90_000 }, async (point) => {
    const crashes = () => project.stats().kills.crash ?? 0
    await superuser.unsafe(DAMAGE).simple()
    await arm(`${point}=exit@1`)
    const enough = crashes() + 2
    const verb = point.startsWith('verify') ? 'verify' : 'repair'
    if (verb === 'repair') {
      await scene.control('verify', id)
      await swept()
    }
    await scene.control(verb, id)
    const ended = swept()
    await eventually(() => crashes() >= enough, { what: `ended at ${point}`, within: 40_000 })
    disarm()
    const pass = await ended
    if (verb === 'verify') {
      expect(await lines(pass)).toEqual(found)
      await scene.control('repair', id)
      await swept()
    }
    expect(await snapshot(target, id)).toEqual(clean)
  })
})
