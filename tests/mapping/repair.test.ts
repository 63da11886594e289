/** The gate of mapped entities: shut by a difference, opened by a repair that makes exactly those rows anew. */
import { beforeAll, describe, expect, it } from 'vitest'
import { assertExactCounters } from '../support/counters.ts'
import { named, openScene, type Pass } from '../verification/scene.ts'
import { BULK, idOf, PLAN, SOURCE, snapshot } from './repair-tables.ts'

describe('a repair of mapped entities', async () => {
  const scene = await openScene()
  const { source, target, superuser } = scene
  let id: string
  let clean: Awaited<ReturnType<typeof snapshot>>

  const lines = async ({ id: pass }: Pass) => (await scene.findings(pass)).map(named).toSorted()
  const first = async (pass: Pass) => (await lines(pass)).slice(0, 30)
  async function next(action: 'resume' | 'verify' | 'repair'): Promise<Pass> {
    await scene.control(action, id)
    return scene.settled(id)
  }
  const damage = (statements: string) =>
    superuser.unsafe(`set session_replication_role = replica; ${statements}`).simple()
  const mapOf = (table: string) =>
    `map_entity_id = (select id from migration.map_entities where source_table = 'public.${table}')`

  beforeAll(async () => {
    await source.unsafe(SOURCE).simple()
    id = await scene.startHeld(PLAN)
    clean = await snapshot(target, id)
  })

  it('opens the gate: swapped ids, lost parents of a circle, extra rows, dead letters', async () => {
    await damage(`
      update migration.id_map set target_id = case source_key when '1' then '${idOf('person', 2)}' else '${idOf('person', 1)}' end::uuid
        where ${mapOf('person')} and source_key in ('1', '2');
      delete from person where legacy in (5, 6); delete from office where legacy in (5, 6); delete from node where legacy in (2, 4, 9);
      delete from migration.id_map where ${mapOf('office')} and source_key in ('6', '7');
      delete from visit where legacy between 1 and 3; update visit set note = 'other' where legacy = 4;
      insert into visit (id, legacy, note) select gen_random_uuid(), n, 'extra' from generate_series(1, 3) n;
      insert into pair values (100, 'x', 'extra'); update pair set v = 'other' where a = 3; delete from pair where a = 4;
      insert into person (id, legacy, age) values ('${idOf('person', 30)}', 30, 40);
      delete from migration.errors where source_record_id = '31' and is_dead_letter;`)
    const gate = await next('resume')
    expect(gate).toMatchObject({ is_gate: true, status: 'failed' })
    expect(await scene.statusOf(id)).toMatchObject({ failure_code: 'verification_failed' })
    expect(await lines(gate)).toEqual(
      expect.arrayContaining([
        'changed person ["1"] id',
        'changed office ["7"] id',
        'missing office ["6"]',
        'missing person ["31"]',
        'extra person ["30"]',
      ]),
    )
    const last = await next('repair')
    expect(await first(last)).toEqual([])
    expect(last).toMatchObject({ kind: 'verify', is_gate: true, status: 'passed' })
    expect(await scene.statusOf(id)).toEqual({ status: 'completed', failure_code: null })
    expect(await snapshot(target, id)).toEqual(clean)
    await assertExactCounters(scene.targetUrl, id)
  })

  it('lets what was put away with a word rest when its row is found in the target', async () => {
    await scene.control('resolve', id, { keys: ['34'], notes: 'Agreed.' })
    await damage(`insert into person (id, legacy, age) values ('${idOf('person', 34)}', 34, 999)`)
    expect(await lines(await next('verify'))).toContain('extra person ["34"]')
    expect(await first(await next('repair'))).toEqual([])
    const letters = await target<{ resolution: string | null }[]>`
      select resolution from migration.errors where migration_id = ${id} and is_dead_letter and source_record_id = '34'`
    expect([...letters]).toEqual([{ resolution: 'dismissed' }])
    await assertExactCounters(scene.targetUrl, id)
    clean = await snapshot(target, id)
  })

  it('makes thousands of rows anew, and no other', async () => {
    const places = () => target<{ key: number; place: string }[]>`
      select legacy as key, concat(ctid, ' ', xmin) as place from public.bulk order by legacy`
    const before = new Map((await places()).map(({ key, place }) => [key, place]))
    await damage(`
      delete from bulk where legacy % 4 = 0; update bulk set v = 'other' where legacy % 100 = 1;
      insert into bulk select gen_random_uuid(), -n, 'extra' from generate_series(1, 1400) n`)
    const found = await lines(await next('verify'))
    expect(found).toContain(`count bulk ${1400 - BULK / 4}`)
    expect(found.filter((line) => line.startsWith('range bulk'))).toHaveLength(1)
    expect(await first(await next('repair'))).toEqual([])
    expect(await snapshot(target, id)).toEqual(clean)
    const after = await places()
    const moved = after.filter(({ key, place }) => before.get(key) !== place).map(({ key }) => key)
    expect(moved).toEqual(
      Array.from({ length: BULK }, (_, at) => at + 1).filter(
        (key) => key % 4 === 0 || key % 100 === 1,
      ),
    )
  })

  it('takes a range of rows away that the source has no more, with their map', async () => {
    await source`delete from bulk where id > 1000 and id <= 2500`
    const found = await lines(await next('verify'))
    expect(found).toContain('count bulk 1500')
    expect(await first(await next('repair'))).toEqual([])
    const [left] = await target`
      select count(*)::int as rows, count(*) filter (where legacy > 1000 and legacy <= 2500)::int as gone,
             (select count(*)::int from migration.id_map where ${target.unsafe(mapOf('bulk'))}) as mapped from public.bulk`
    expect(left).toEqual({ rows: BULK - 1500, gone: 0, mapped: BULK - 1500 })
  })

  it('fills references that were null because the parent was refused, once it has come', async () => {
    const owner = async (legacy: number) =>
      (
        await target<{ owner: string | null }[]>`
        select owner_id::text as owner from public.office where legacy = ${legacy}`
      )[0]!.owner
    expect(await owner(18)).toBeNull()
    await source`update person set age = 50 where id = 32`
    await scene.control('replay', id)
    expect(await scene.settled(id)).toMatchObject({ kind: 'verify', status: 'passed' })
    expect(await owner(18)).toBeNull()
    expect(await first(await next('verify'))).toEqual(['changed office ["18"] owner_id'])
    expect(await first(await next('repair'))).toEqual([])
    expect(await owner(18)).toBe(idOf('person', 32))
  })
})
