/** What decides about the end of a migration, and what each mode of a verification looks at. */
import { beforeEach, describe, expect, it } from 'vitest'
import { emptyTarget } from '../fidelity/move.ts'
import { assertExactCounters } from '../support/counters.ts'
import { named, openScene, type Pass } from './scene.ts'

const LEGACY = `
  create table early (id integer primary key, v text); insert into early select n, 'v' || n from generate_series(1, 90) n;
  create table late (id integer primary key, v text); insert into late select n, 'v' || n from generate_series(1, 400) n;
  create table bare (v text); insert into bare select 'v' || n % 40 from generate_series(1, 80) n;
  create table pairs (id integer primary key, u integer unique); insert into pairs select n, n from generate_series(1, 9000) n;
  analyze;
`

describe('the gate', async () => {
  const scene = await openScene()
  const { source, target } = scene
  await source.unsafe(LEGACY).simple()
  beforeEach(() => emptyTarget(scene.targetUrl, ['public']))

  const lines = async ({ id }: Pass) => (await scene.findings(id)).map(named).toSorted()
  const checked = async ({ id }: Pass) => (await scene.findings(id)).map((each) => each.check)
  async function verify(id: string, mode?: string): Promise<Pass> {
    await scene.control('verify', id, mode === undefined ? {} : { mode })
    return scene.settled(id)
  }

  it('stays shut for a row changed behind the copy, until a repair has proved itself', async () => {
    const id = await scene.startHeld()
    await target`update public.early set v = 'other' where id = 7`
    await scene.control('resume', id)
    const found = ['changed early ["7"] v']
    const first = await scene.settled(id)
    expect(first).toMatchObject({ is_gate: true, status: 'failed', issues: 1 })
    expect(await lines(first)).toEqual(found)
    expect(await scene.statusOf(id)).toEqual({
      status: 'failed',
      failure_code: 'verification_failed',
    })
    // A weaker look is no way through.
    const weaker = await verify(id, 'counts')
    expect(weaker).toMatchObject({ is_gate: true, mode: 'full', status: 'failed' })
    await scene.control('retry', id)
    const again = await scene.settled(id)
    expect(again.id).not.toBe(weaker.id)
    expect(again).toMatchObject({ is_gate: true, mode: 'full', status: 'failed' })
    expect(await lines(again)).toEqual(found)
    await scene.control('repair', id)
    const last = await scene.settled(id)
    expect(last).toMatchObject({ kind: 'verify', is_gate: true, status: 'passed', issues: 0 })
    expect(await scene.statusOf(id)).toEqual({ status: 'completed', failure_code: null })
    await assertExactCounters(scene.targetUrl, id)
    const passes = await target<{ kind: string; status: string }[]>`
      select kind, status from migration.verifications where migration_id = ${id} order by started_at`
    expect(passes.map(({ kind, status }) => `${kind} ${status}`)).toEqual([
      'verify failed',
      'verify failed',
      'verify failed',
      'repair passed',
      'verify passed',
    ])
  })

  it('is passed by an unmodified pair without a finding, every row looked at', async () => {
    const id = await scene.startHeld()
    await scene.control('resume', id)
    const pass = await scene.settled(id)
    expect(pass).toMatchObject({ status: 'passed', is_gate: true, issues: 0, validated: 9570 })
    expect(await lines(pass)).toEqual([])
  })

  it('is as wide as the plan has it', async () => {
    const id = await scene.startHeld({ verification: { mode: 'counts' } })
    await target`update public.early set v = 'other' where id = 7`
    await scene.control('resume', id)
    expect(await scene.settled(id)).toMatchObject({ mode: 'counts', status: 'passed' })
    expect(await scene.statusOf(id)).toMatchObject({ status: 'completed' })
    const wider = await verify(id, 'full')
    expect(await lines(wider)).toEqual(['changed early ["7"] v'])
    // What is found later shuts no gate that was passed.
    expect(wider).toMatchObject({ is_gate: false, status: 'failed' })
    expect(await scene.statusOf(id)).toMatchObject({ status: 'completed' })
  })

  it('has a check for each kind of difference, and each mode its own', async () => {
    const id = await scene.startHeld({ verification: { sample_rows: 100, seed: 7 } })
    await scene.control('resume', id)
    expect(await scene.settled(id)).toMatchObject({ status: 'passed' })
    await target`update public.early set v = 'other' where id = 7`
    await target`delete from public.early where id = 8`
    await target`update public.late set v = v || '~'`
    await target`update public.bare set v = 'w' where v = 'v3'`
    await target`alter table public.late alter v set default 'x'`
    const counted = await verify(id, 'counts')
    expect(await lines(counted)).toEqual(['count early -1', 'missing early ["8"]'])
    expect(await checked(counted)).toEqual(['counts', 'counts'])
    const sampled = await verify(id, 'sample')
    const drawn = await lines(sampled)
    expect(drawn).toEqual(expect.arrayContaining(['changed early ["7"] v', 'missing early ["8"]']))
    expect(drawn).toContain('column_default_differs column v of late')
    expect(drawn.filter((line) => line.startsWith('changed late'))).toHaveLength(100)
    expect(drawn.filter((line) => line.includes('bare'))).toEqual([
      'extra bare 0 to 2',
      'missing bare 2 to 0',
    ])
    // The seed makes samples reproducible.
    expect(await lines(await verify(id, 'sample'))).toEqual(drawn)
    const full = await verify(id, 'full')
    const all = await lines(full)
    expect(all.filter((line) => line.startsWith('changed late'))).toHaveLength(400)
    expect(all.length - 400).toBe(drawn.length - 100)
    expect(new Set(await checked(full))).toEqual(new Set(['checksum', 'counts', 'schema']))
    await scene.control('repair', id)
    expect(await lines(await scene.settled(id))).toEqual([
      'column_default_differs column v of late',
    ])
    expect(await scene.statusOf(id)).toMatchObject({ status: 'completed' })
  })

  it('opens after a repair of rows that have exchanged unique values', async () => {
    const id = await scene.startHeld()
    // More of them than one batch takes elsewhere, and than are named.
    await target
      .unsafe(
        `update public.pairs set u = -u where id <= 2400; update public.pairs set u = 1 + (-u) % 2400 where id <= 2400`,
      )
      .simple()
    await scene.control('resume', id)
    const found = await lines(await scene.settled(id))
    expect(found.filter((line) => line.startsWith('changed pairs')).length).toBeGreaterThan(500)
    expect(found).toContain('range pairs')
    await scene.control('repair', id)
    expect(await scene.settled(id)).toMatchObject({ kind: 'verify', status: 'passed' })
    const moved = await target<{ exchanged: number }[]>`
      select count(*)::int as exchanged from public.pairs where id <> u`
    expect(moved[0]).toEqual({ exchanged: 0 })
  })

  it('holds the rows against the books of the copy', async () => {
    const id = await scene.startHeld()
    await target`update migration.entity_statuses
        set records_read = records_read + 1, records_processed = records_processed + 1, records_total = records_total + 1
      where migration_id = ${id} and entity_name = 'public.late'`
    await scene.control('resume', id)
    const pass = await scene.settled(id)
    expect(pass).toMatchObject({ status: 'failed', issues: 1 })
    expect(await lines(pass)).toEqual(['count late 0'])
    expect(await scene.refused('repair', id)).toBe('nothing_to_repair')
  })
})
