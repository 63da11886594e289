/** Functions that die while they verify and repair: others take it up, and say and do the same, once. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { assertExactCounters } from '../support/counters.ts'
import { eventually } from '../support/eventually.ts'
import { makeImpatient } from '../support/fault-settings.ts'
import { assertExactCopy } from '../support/oracle.ts'
import { kill } from '../support/process.ts'
import { named, openScene, type Pass } from './scene.ts'

const LEGACY = `
  create table by_number (id integer primary key, v text); insert into by_number select n, 'v' || n from generate_series(1, 2000) n;
  create table by_text (id text primary key, v text); insert into by_text select n, 'v' || n from generate_series(1, 2000) n;
  create table bare (id integer, v text); insert into bare select n % 900, 'v' from generate_series(1, 2000) n;
  analyze;`

const every = (step: number) => Array.from({ length: 2000 / step }, (_, at) => (at + 1) * step)
const CHANGES: readonly (readonly [statement: string, ...findings: string[]])[] = [
  ...every(100).map(
    (id) =>
      [
        `update public.by_number set v = 'other' where id = ${id}`,
        `changed by_number ["${id}"] v`,
      ] as const,
  ),
  ...every(200).map(
    (id) => [`delete from public.by_text where id = '${id}'`, `missing by_text ["${id}"]`] as const,
  ),
  [`insert into public.bare values (1, 'v'), (1, 'v')`, 'duplicates bare 3 to 5'],
  [`delete from public.bare where id = 7`, 'missing bare 3 to 0'],
  [`insert into public.bare values (-1, 'x')`, 'extra bare 0 to 1'],
]
const FOUND = [
  ...CHANGES.flatMap(([, ...findings]) => findings),
  ...['count by_text -10'],
].toSorted()

describe('a verification whose functions die', async () => {
  const scene = await openScene()
  const { source, target, project } = scene
  let id: string
  const disarm = () => project.setSecret('FERRY_FAILPOINTS', '')
  await source.unsafe(LEGACY).simple()
  await makeImpatient(scene.targetUrl)
  await target.unsafe(`create or replace function migration._check_batch_rows(p_entity migration.entity_statuses)
    returns integer language sql stable set search_path = '' as 'select 250'`)
  afterEach(() => disarm())

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

  const deathsOf = async (kind: string) => {
    const [row] = await target<{ deaths: number; working: boolean }[]>`
      select sum(deaths)::int as deaths, bool_or(status = 'processing') as working
        from migration.batches where migration_id = ${id} and kind = ${kind}`
    return row!
  }

  /** Sweeps all the time, and ends processes that have a batch of the kind, until so many were buried. */
  async function killing(kind: string, deaths: number): Promise<void> {
    for (let wait = 0; ; wait = (wait + 7) % 50) {
      await target`select migration.watchdog()`
      const { deaths: buried, working } = await deathsOf(kind)
      if (buried >= deaths) return
      if (working) {
        await sleep(wait)
        endFunctions()
      }
      await sleep(5)
    }
  }

  async function swept(id: string): Promise<Pass> {
    let ended = false
    const sweeps = (async () => {
      while (!ended) {
        await target`select migration.watchdog()`
        await sleep(100)
      }
    })()
    return scene.settled(id).finally(async () => {
      ended = true
      await sweeps
    })
  }

  it('is given up where a check fails for good, and the gate stays shut', async () => {
    id = await scene.startHeld()
    for (const [statement] of CHANGES) await target.unsafe(statement)
    await arm('verify.checked=fail@2')
    // A sweep could take the batch from the one that is about to report.
    project.cron.pause()
    await scene.control('resume', id)
    const pass = await scene.settled(id)
    project.cron.resume()
    expect(pass).toMatchObject({ is_gate: true, status: 'aborted', failure_code: 'failpoint' })
    expect(await scene.statusOf(id)).toEqual({
      status: 'failed',
      failure_code: 'verification_aborted',
    })
    expect(await scene.refused('repair', id)).toBe('nothing_to_repair')
  })

  it('is taken up by a retry, and finds the same whoever dies', async () => {
    await arm('verify.checked=hold:40')
    await scene.control('retry', id)
    await killing('verify', 4)
    const pass = await swept(id)
    const lines = (await scene.findings(pass.id)).map(named).toSorted()
    expect(lines).toEqual(FOUND)
    expect(pass).toMatchObject({ is_gate: true, status: 'failed' })
  })

  it('is repaired once, whoever dies', { timeout: 90_000 }, async () => {
    await arm('repair.chosen=hold:60,repair.completed=hold:60')
    await scene.control('repair', id)
    await killing('repair', 3)
    expect(await swept(id)).toMatchObject({ kind: 'verify', status: 'passed', issues: 0 })
    const compared = await assertExactCopy({ source: scene.sourceUrl, target: scene.targetUrl })
    expect(compared).toMatchObject({ tables: 3, rows: 6000 })
    await assertExactCounters(scene.targetUrl, id)
    const errors = await target<{ code: string }[]>`
      select distinct error_code as code from migration.errors where migration_id = ${id} order by 1`
    // What was at work when the first pass was given up could not report to it any more.
    const codes = errors.map(({ code }) => code).filter((code) => code !== 'fenced')
    expect(codes).toEqual(['failpoint', 'holder_gone'])
  })

  it.each(['verify.claimed', 'verify.carved', 'verify.checked', 'verify.committed'])(
    'passes when functions end at %s',
    async (point) => {
      const crashes = () => project.stats().kills.crash ?? 0
      await arm(`${point}=exit@1`)
      const enough = crashes() + 2
      await scene.control('verify', id)
      const ended = swept(id)
      await eventually(() => crashes() >= enough, { what: `ended at ${point}`, within: 20_000 })
      disarm()
      expect(await ended).toMatchObject({ status: 'passed', issues: 0, validated: 6000 })
    },
  )
})
