/** What a preview says of rows before they are moved, and that nothing of it stays. */
import { afterAll, describe, expect, test } from 'vitest'
import { testProject } from '../support/project.ts'
import {
  counters,
  fill,
  idOf,
  moved,
  openDatabases,
  post,
  type Scene,
  visitsPlan,
} from './dead-letters-scene.ts'

const { project, targetUrl, sourceUrl, readerUrl } = await testProject({
  faults: { duplicate: 0.2, delay: { probability: 0.3, maxMilliseconds: 100 } },
})
const scene: Scene = { project, targetUrl, readerUrl, ...openDatabases(sourceUrl, targetUrl) }
const { source, target } = scene
afterAll(() => Promise.all([source.end(), target.end()]))

describe('a preview', () => {
  const preview = (name: string, more: object = {}) =>
    post(project, 'plan', {
      action: 'preview',
      plan: visitsPlan(name),
      entity: `${name}.visits`,
      rows: 4,
      ...more,
    })

  test('tells what is refused and what depends on a parent, and leaves nothing behind', async () => {
    await fill(source, 'preview', { 2: 'free' })
    project.setSecret('FIDELITY_SOURCE', readerUrl)
    const { status, answer } = await preview('preview')
    expect([status, answer]).toEqual([
      200,
      {
        entity: 'preview.visits',
        not_moved: ['preview.patients'],
        rows: ['1', '2', '3', '4'].map((key) =>
          key === '2'
            ? {
                key,
                outcome: 'refused',
                reason: { code: 'value_invalid', rule: expect.any(String), columns: ['cost'] },
              }
            : {
                key,
                outcome: 'depends',
                reason: {
                  code: 'reference_missing',
                  rule: expect.any(String),
                  columns: ['patient_id'],
                  until: 'preview.patients',
                },
              },
        ),
      },
    ])
    expect(await target`select 1 from pg_namespace where nspname = 'preview_new'`).toEqual([])
  })

  test('with values has the texts of both sides, and is audited without them', async () => {
    const clinic = await moved(scene, 'shown', { 2: 'free' })
    const { answer } = await preview('shown', { values: true })
    const patient = idOf('shown', 'patients', '2')
    expect(answer).toMatchObject({
      not_moved: [],
      rows: [
        {
          key: '1',
          outcome: 'loaded',
          before: { id: '1', patient_id: '2', cost: '0.25', note: 'note 1' },
          after: {
            id: idOf('shown', 'visits', '1'),
            patient_id: patient,
            cost: '0.25',
            note: 'note 1',
          },
        },
        { key: '2', outcome: 'refused' },
        { outcome: 'loaded' },
        { outcome: 'loaded' },
      ],
    })
    const [entry] = await target`
      select actor, details from migration.audit_log where action = 'plan.values_shown' order by id desc limit 1`
    expect(entry).toEqual({
      actor: 'secret:default',
      details: { entity: 'shown.visits', rows: 4 },
    })
    expect(await counters(scene, clinic)).toMatchObject({ failed: 1 })
  })

  test('of a plain table shows its rows as they are', async () => {
    await source`create schema plain`
    await source`create table plain.notes (body text, at timestamptz, many integer[])`
    await source`insert into plain.notes values ('a', '2020-01-02 03:04:05+00', '{1,null}'), (null, null, null)`
    await source`grant usage on schema plain to public`
    await source`grant select on all tables in schema plain to public`
    const plan = { ...visitsPlan('plain'), entities: '*' }
    const { answer } = await preview('plain', { plan, entity: 'plain.notes', values: true })
    const rows = [
      { body: 'a', at: '2020-01-02 03:04:05+00', many: '{1,NULL}' },
      { body: null, at: null, many: null },
    ]
    expect(answer).toMatchObject({
      rows: rows.map((row, at) => ({
        key: `(0,${at + 1})`,
        outcome: 'loaded',
        before: row,
        after: row,
      })),
    })
  })
})
