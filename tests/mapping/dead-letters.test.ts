/** One bad row in a thousand stops nothing, and what was refused can be loaded, put away, or left. */
import { afterAll, describe, expect, test } from 'vitest'
import { testProject } from '../support/project.ts'
import {
  counters,
  idOf,
  letters,
  moved,
  openDatabases,
  post,
  type Scene,
  VISITS,
  verdict,
  visit,
  visitsPlan,
} from './dead-letters-scene.ts'

const { project, targetUrl, sourceUrl, readerUrl } = await testProject({
  // Lost requests are other tests' matter: each costs a minute until it is asked for again.
  faults: { duplicate: 0.2, delay: { probability: 0.3, maxMilliseconds: 100 } },
})
const scene: Scene = { project, targetUrl, readerUrl, ...openDatabases(sourceUrl, targetUrl) }
const { source, target } = scene
afterAll(() => Promise.all([source.end(), target.end()]))

const control = (body: object) => post(project, 'control', body)

describe('one poison row in a thousand', () => {
  test('is told with its key, and the other 999 are in; mended, it is loaded once', async () => {
    const clinic = await moved(scene, 'poison', { 500: 'free' })
    const before = { status: 'completed', read: VISITS, loaded: VISITS - 1, failed: 1, filtered: 0 }
    expect(await counters(scene, clinic)).toEqual(before)
    expect(await letters(scene, clinic)).toMatchObject([
      { source_key: '500', error_code: 'value_invalid', columns: ['cost'], is_resolved: false },
    ])
    expect(await visit(scene, clinic, 500)).toEqual([])

    const replay = { action: 'replay', migration_id: clinic.migration }
    expect((await control(replay)).status).toBe(200)
    expect(await verdict(scene, clinic)).toBe('passed')
    expect(await counters(scene, clinic)).toEqual(before)
    expect(await letters(scene, clinic)).toMatchObject([{ source_key: '500', is_resolved: false }])

    await source`update poison.visits set cost = '12.50' where id = 500`
    expect((await control(replay)).status).toBe(200)
    expect(await verdict(scene, clinic)).toBe('passed')
    expect(await visit(scene, clinic, 500)).toMatchObject([{ cost: '12.50', note: 'note 500' }])
    expect(await letters(scene, clinic)).toMatchObject([
      { source_key: '500', is_resolved: true, resolution: 'replayed' },
    ])
    const after = { ...before, loaded: VISITS, failed: 0 }
    expect(await counters(scene, clinic)).toEqual(after)

    expect(await control(replay)).toMatchObject({ status: 409, code: 'nothing_to_replay' })
    const [rows] = await target`select count(*)::integer as n from poison_new.visits`
    expect(rows).toEqual({ n: VISITS })
  })

  test('does not write over a newer version in the target', async () => {
    const clinic = await moved(scene, 'newer', { 7: 'free', 8: 'free' })
    const id = idOf('newer', 'visits', '7')
    await target`
      insert into newer_new.visits (id, patient_id, cost, note)
      select ${id}, patient_id, 3, 'by hand' from newer_new.visits limit 1`
    await source`update newer.visits set cost = '1.00' where id in (7, 8)`
    const keys = ['7']
    await control({ action: 'replay', migration_id: clinic.migration, keys })
    expect(await verdict(scene, clinic)).toBe('passed')
    expect(await visit(scene, clinic, 7)).toEqual([{ id, cost: '3.00', note: 'by hand' }])
    expect(await letters(scene, clinic)).toMatchObject([
      { source_key: '7', is_resolved: true, resolution: 'superseded' },
      { source_key: '8', is_resolved: false },
    ])
    expect(await counters(scene, clinic)).toMatchObject({ loaded: VISITS - 1, failed: 1 })
  })

  test('that is gone at the source counts as filtered', async () => {
    const clinic = await moved(scene, 'gone', { 9: 'free' })
    await source`delete from gone.visits where id = 9`
    await control({ action: 'replay', migration_id: clinic.migration, code: 'value_invalid' })
    expect(await verdict(scene, clinic)).toBe('passed')
    expect(await letters(scene, clinic)).toMatchObject([{ source_key: '9', resolution: 'gone' }])
    expect(await counters(scene, clinic)).toEqual({
      status: 'completed',
      read: VISITS,
      loaded: VISITS - 1,
      failed: 0,
      filtered: 1,
    })
  })
})

describe('a mended plan', () => {
  const mended = (name: string) =>
    visitsPlan(name, {
      op: 'cast',
      of: { op: 'null_if', of: 'cost', values: ['free'] },
      to: 'numeric(10,2)',
    })

  test('is what refused rows are loaded by', async () => {
    const clinic = await moved(scene, 'mended', { 10: 'free', 11: 'broken' })
    const replay = { action: 'replay', migration_id: clinic.migration, plan: mended('mended') }
    expect((await control(replay)).status).toBe(200)
    expect(await verdict(scene, clinic)).toBe('passed')
    expect(await visit(scene, clinic, 10)).toMatchObject([{ cost: null, note: 'note 10' }])
    expect(await letters(scene, clinic)).toMatchObject([
      { source_key: '10', resolution: 'replayed' },
      { source_key: '11', is_resolved: false },
    ])
    const events = await target`
      select 1 from migration.events where migration_id = ${clinic.migration} and event_type = 'plan_amended'`
    expect(events).toHaveLength(1)
    expect(await counters(scene, clinic)).toMatchObject({ loaded: VISITS - 1, failed: 1 })
  })

  test('may not move other tables, other columns, or under another name', async () => {
    const clinic = await moved(scene, 'strict', { 12: 'free' })
    const asked = (plan: object) =>
      control({ action: 'replay', migration_id: clinic.migration, plan })
    const plan = mended('strict')
    const [patients, visits] = plan.entities
    const elsewhere = { ...plan, entities: [patients, { ...visits, target: 'strict_new.other' }] }
    expect(await asked(elsewhere)).toMatchObject({ status: 422, code: 'plan_moves_other_tables' })
    const columns = { ...visits?.columns, surplus: 'note' }
    const wider = { ...plan, entities: [patients, { ...visits, columns }] }
    expect(await asked(wider)).toMatchObject({ status: 400, code: 'target_column_missing' })
    const renamed = { ...plan, source: { ...plan.source, system: 'another' } }
    expect(await asked(renamed)).toMatchObject({ status: 400, code: 'system_differs' })
    expect(await asked({ ...plan, colour: 1 })).toMatchObject({ code: 'plan_key_unknown' })
    expect(await letters(scene, clinic)).toMatchObject([{ is_resolved: false }])
  })
})

test('what is put away with a word stays refused, and the verification knows it', async () => {
  const clinic = await moved(scene, 'away', { 13: 'free', 14: 'free' })
  const choice = { migration_id: clinic.migration, keys: ['13'] }
  const empty = await control({ action: 'resolve', ...choice, notes: ' ' })
  expect([empty.status, empty.code]).toEqual([400, 'request_invalid'])
  const put = await control({ action: 'resolve', ...choice, notes: 'Agreed with the clinic.' })
  expect(put.answer.resolved).toBe(1)
  expect(await letters(scene, clinic)).toMatchObject([
    { source_key: '13', resolution: 'dismissed', resolution_notes: 'Agreed with the clinic.' },
    { source_key: '14', is_resolved: false },
  ])
  await control({ action: 'verify', migration_id: clinic.migration })
  expect(await verdict(scene, clinic)).toBe('passed')
  expect(await counters(scene, clinic)).toMatchObject({ loaded: VISITS - 2, failed: 2 })
  expect(await control({ action: 'replay', ...choice })).toMatchObject({
    code: 'nothing_to_replay',
  })
})

test('what status tells of dead letters comes in pages', async () => {
  const poison = Object.fromEntries([1, 2, 3, 4, 5].map((id) => [id, 'free']))
  const clinic = await moved(scene, 'paged', poison)
  const page = async (query: string) => {
    const address = `${project.url}/functions/v1/status?migration_id=${clinic.migration}&dead_letters=unresolved${query}`
    const response = await fetch(address, { headers: { apikey: project.keys.secret } })
    return (await response.json()) as {
      summary: { refused: number }[]
      dead_letters: { source_key: string }[]
      next: string | null
    }
  }
  const keys: string[] = []
  let after = ''
  for (let pages = 0; pages < 3; pages += 1) {
    const { dead_letters, next, summary } = await page(`&limit=2${after}`)
    expect(summary).toMatchObject([{ refused: 5, error_code: 'value_invalid' }])
    keys.push(...dead_letters.map(({ source_key }) => source_key))
    after = `&after=${next}`
  }
  expect(keys.toSorted()).toEqual(['1', '2', '3', '4', '5'])
  expect((await page('&code=duplicate')).dead_letters).toEqual([])
  await expect(page('&limit=0')).resolves.toMatchObject({ error: { code: 'request_invalid' } })
})
