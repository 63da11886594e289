/** The commands about plans and refused rows, as a shell would call them. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { answeringProject } from './answering-project.ts'
import { migration } from './reports.ts'

const id = migration().migration_id
const { project, directory, ferry, here } = await answeringProject()

describe('a plan and refused rows', () => {
  const finding = (severity: string, code: string) => ({
    severity,
    code,
    message: 'Some message.',
    hint: 'Some hint.',
    path: 'entities[0]',
  })
  const plan = () => writeFile(join(directory, 'plan.json'), '{}')

  test('the project checks both sides; 1 where something stands against the plan', async () => {
    await plan()
    project.answer = {
      status: 200,
      body: { findings: [finding('note', 'some_note')], entities: 2 },
    }
    const good = await ferry(['check', 'plan.json'], here())
    expect([good.code, good.out]).toEqual([0, 'The plan is good: 2 entities.\n'])
    expect(good.err).toBe('note some_note at entities[0]: Some message.\n  Some hint.\n')
    const findings = [finding('problem', 'one'), finding('problem', 'two')]
    project.answer = { status: 200, body: { findings, entities: 2 } }
    const bad = await ferry(['check', 'plan.json'], here())
    expect([bad.code, bad.err.match(/^error (one|two) at/gm)?.length]).toEqual([1, 2])
    const json = await ferry(['--json', 'check', 'plan.json'], here())
    expect([json.code, JSON.parse(json.out)]).toEqual([1, project.answer.body])
  })

  test('without a project, or with an address, it is checked here', async () => {
    await plan()
    const local = await ferry(['check', 'plan.json'])
    expect([local.code, local.err.match(/^error plan_key_missing/gm)?.length]).toEqual([1, 2])
    project.answer = { status: 500, body: {} }
    const source = 'postgres://nobody@127.0.0.1:9/none'
    expect((await ferry(['check', 'plan.json', '--source', source], here())).code).toBe(1)
  })

  test('a preview tells outcome and reason, and values where it is asked for them', async () => {
    await plan()
    const reason = { code: 'value_invalid', rule: 'value of cost', columns: ['cost'] }
    project.answer = {
      status: 200,
      body: {
        entity: 'public.visits',
        not_moved: ['public.patients'],
        rows: [
          {
            key: '1',
            outcome: 'loaded',
            before: { id: '1', a: null },
            after: { id: 'x\u001b[2J' },
          },
          { key: '2', outcome: 'refused', reason, before: { id: '2' }, after: { id: null } },
          {
            key: '3',
            outcome: 'depends',
            reason: { code: 'reference_missing', columns: ['p'], until: 'public.patients' },
          },
        ],
      },
    }
    const { code, out } = await ferry(['preview', 'plan.json', 'public.visits', '--values'], here())
    expect([code, out.split('\n').map((line) => line.trimEnd())]).toEqual([
      0,
      [
        'loaded  1',
        '      before  after',
        '  id  1       x�[2J',
        '  a   null',
        'refused  2  value_invalid by value of cost in cost',
        '      before  after',
        '  id  2       null',
        'depends  3  unknown until public.patients is moved',
        'What is looked up in public.patients is not known before it is moved.',
        '',
      ],
    ])
    const rows = await ferry(['preview', 'plan.json', 'public.visits', '--rows', '101'], here())
    expect(rows.code).toBe(2)
  })

  test('refused rows are listed by reason and one by one', async () => {
    const letter = {
      id,
      entity_name: 'public.visits',
      source_key: '["1", "x"]',
      error_code: 'duplicate',
      sqlstate: null,
      rule: null,
      constraint_name: 'visits_key',
      columns: ['a', 'b'],
      is_resolved: true,
      resolution: 'dismissed',
      resolution_notes: 'known',
    }
    const count = {
      entity_name: 'public.visits',
      error_code: 'duplicate',
      rule: null,
      columns: ['a', 'b'],
      refused: 1200,
      unresolved: 7,
    }
    project.answer = { status: 200, body: { summary: [count], dead_letters: [letter], next: id } }
    const { code, out } = await ferry(['errors', id, '--all', '--limit', '1'], here())
    expect([code, out.split('\n')]).toEqual([
      0,
      [
        'public.visits  duplicate  a, b  1,200 refused  7 left',
        '',
        'public.visits  ["1", "x"]  duplicate  visits_key, a, b, (dismissed)',
        `More: ferry errors 3f9c1111 --after ${id}`,
        '',
      ],
    ])
    project.answer = { status: 200, body: { summary: [], dead_letters: [], next: null } }
    expect((await ferry(['errors', id], here())).out).toBe('No row was refused.\n')
  })

  test('replay and resolve say what they did; without a word nothing is put away', async () => {
    const brief = { migration_id: id, status: 'completed', control_state: 'active' }
    project.answer = { status: 200, body: { ...brief, resolved: 2 } }
    const put = await ferry(['resolve', id, '--notes', 'known', '--key', '1', '--key', '2'], here())
    expect([put.code, put.out]).toEqual([
      0,
      '2 refused rows put away: refused for good, and counted as such\n',
    ])
    expect((await ferry(['resolve', id], here())).code).toBe(2)
    expect((await ferry(['replay'], here())).code).toBe(2)
    const begun = await ferry(['replay', id, '--code', 'duplicate'], here())
    expect([begun.code, begun.out]).toMatchObject([0, expect.stringContaining('are tried again')])
  })
})
