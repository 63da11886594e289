/** Slots: none is made where the source does not let its log be read, and none is left where nobody reads it. */

import postgres from 'postgres'
import { describe, expect, test } from 'vitest'
import { forget } from '../../scripts/run/forget.ts'
import { testDatabase } from '../support/database.ts'
import { eventually } from '../support/eventually.ts'
import { logScene, slotOf } from './log-scene.ts'

const scene = await logScene()
const { source, target, project } = scene
const items =
  'create table item (id int primary key, body text); insert into item values (1, $$a$$)'
const follow = (name: string) =>
  scene.followLog({ name, source: items, entities: [{ source: `${name}.item` }] })
const isGone = async (id: string) => (await scene.slot(id)) === null
const inBooks = async (id: string) => {
  const rows = await target`select from migration.source_slots where migration_id = ${id}`
  return rows.length > 0
}

/** Cancels while the source cannot be reached. */
async function cancelUnreached(id: string): Promise<void> {
  await project.setSecret('FIDELITY_SOURCE', scene.readerUrl.replace(/:\d+\//, ':1/'))
  await scene.control({ action: 'cancel', migration_id: id })
  await eventually(() => logged('slot.not_dropped', id), { what: 'it could not be dropped' })
  expect(await inBooks(id)).toBe(true)
}

describe('a slot', () => {
  test('is dropped when its migration is cancelled, also while somebody holds it', async () => {
    const id = await follow('s_cancel')
    expect(await isGone(id)).toBe(false)
    expect(await inBooks(id)).toBe(true)
    expect(await scene.control({ action: 'cancel', migration_id: id })).toMatchObject({
      status: 200,
    })
    await eventually(() => isGone(id), { what: 'the slot is dropped' })
    await eventually(async () => !(await inBooks(id)), { what: 'and out of the books' })
    const [entry] = await target`
      select action from migration.audit_log where migration_id = ${id} and action like 'slot.%' order by id desc limit 1`
    expect(entry).toEqual({ action: 'slot.dropped' })
  })

  test('that could not be dropped is, by a call that the watchdog asks for', async () => {
    const id = await follow('s_unreached')
    await cancelUnreached(id)
    expect(await isGone(id)).toBe(false)
    await project.setSecret('FIDELITY_SOURCE', scene.readerUrl)
    // whoever was called in the last minute has tried
    await target`select migration.watchdog()`
    expect(await isGone(id)).toBe(false)
    await target`update migration.dispatches set created_at = created_at - interval '1 minute'`
    await target`select migration.watchdog()`
    await eventually(() => isGone(id), { what: 'the slot is dropped' })
    await eventually(async () => !(await inBooks(id)), { what: 'and out of the books' })
  })

  test('that could not be dropped is, by a function that runs later, even without its migration', async () => {
    const id = await follow('s_orphan')
    await cancelUnreached(id)
    await target`delete from migration.orchestrations where id = ${id}`
    expect(await inBooks(id)).toBe(true)
    expect(await isGone(id)).toBe(false)
    await project.setSecret('FIDELITY_SOURCE', scene.readerUrl)
    // any other migration's call
    const other = await follow('s_other')
    await eventually(() => isGone(id), { what: 'the slot is dropped' })
    expect(await isGone(other)).toBe(false)
  })

  test('is made anew by an attempt that does not know that it was made', async () => {
    const id = await follow('s_again')
    await target`update migration.source_slots set read_through = null, publication = null where migration_id = ${id}`
    await source`insert into s_again.item values (2, 'b')`
    expect((await scene.sweep(id)).did).toEqual({ item: '1 0 0 0' })
    expect((await scene.slot(id))?.name).toBe(slotOf(id))
  })
})

function logged(stage: string, id: string): boolean {
  const lines = project.functionLines().map(({ text }) => text)
  return lines.some((text) => text.includes(stage) && text.includes(id))
}

test('slots that are left are named when the control schema is forgotten', async () => {
  const { url, drop } = await testDatabase()
  const sql = postgres(url, { max: 1, onnotice: () => undefined })
  await sql`insert into migration.source_slots (migration_id, source_secret, slot_name, noted_at)
    values (gen_random_uuid(), 'LEGACY', 'supaferry_left', now())`
  await sql.end()
  expect(await forget(url, false)).toMatchObject({ removed: true, slots: ['supaferry_left'] })
  await drop()
})
