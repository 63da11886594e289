import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findConnection } from '../../../scripts/ferry/connection.ts'
import { migration, report } from './reports.ts'

const FERRY = join(import.meta.dirname, '../../../scripts/ferry.ts')
const id = migration().migration_id

let directory: string
let url: string
let answer: { status: number; body: unknown }
const server = createServer((request, response) => {
  request.resume()
  response.writeHead(answer.status).end(JSON.stringify(answer.body))
})

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ferry-command-line-'))
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(async () => {
  server.close()
  await rm(directory, { recursive: true })
})

/** Runs `ferry` in a directory of its own, as a shell would, against the answers above. */
async function ferry(args: readonly string[], environment: Record<string, string> = {}) {
  const child = spawn(process.execPath, [FERRY, ...args], {
    cwd: directory,
    env: { PATH: process.env.PATH, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let out = ''
  let err = ''
  child.stdout.on('data', (chunk) => (out += chunk))
  child.stderr.on('data', (chunk) => (err += chunk))
  const code = await new Promise<number | null>((ended) => child.on('close', ended))
  return { code, out, err }
}

const here = () => ({ SUPABASE_URL: url, SUPABASE_SECRET_KEY: 'sb_secret_x' })

describe('exit codes', () => {
  test('help and its absence', async () => {
    const help = await ferry(['--help'])
    expect(help.code).toBe(0)
    for (const command of [
      'dev',
      'discover',
      'check',
      'preview',
      'errors',
      'replay',
      'resolve',
      'start',
      'status',
      'watch',
      'pause',
      'resume',
      'cancel',
      'retry',
    ]) {
      expect(help.out).toMatch(new RegExp(`^  ${command} `, 'm'))
    }
    expect((await ferry(['sail'])).code).toBe(2)
    expect((await ferry(['status', '--intervall', '1'])).code).toBe(2)
    expect((await ferry(['cancel'], here())).code).toBe(2)
  })

  test.each([
    [0, { status: 'completed' }],
    [1, { status: 'failed' }],
    [1, { status: 'failed', control_state: 'cancelled' }],
    [1, { status: 'running', control_state: 'parked' }],
  ] as const)('%i for a migration that is %o', async (expected, state) => {
    answer = { status: 200, body: report({ migration: migration(state) }) }
    expect((await ferry(['watch', id], here())).code).toBe(expected)
    expect((await ferry(['status', id], here())).code).toBe(expected)
  })

  test.each([
    [2, 404],
    [2, 409],
    [2, 422],
    [3, 401],
    [3, 403],
    [3, 500],
  ])('%i for a refusal with status %i', async (expected, status) => {
    answer = {
      status,
      body: {
        error: { code: 'some_code', message: 'Some message.', hint: 'Some hint.', path: 'a.b' },
      },
    }
    const { code, out, err } = await ferry(['pause', id], here())
    expect(code).toBe(expected)
    expect(out).toBe('')
    expect(err).toBe('error some_code at a.b: Some message.\n  Some hint.\n')
  })

  test('3 where nothing answers', async () => {
    const nowhere = { SUPABASE_URL: 'http://127.0.0.1:9', SUPABASE_SECRET_KEY: 'x' }
    expect((await ferry(['status'], nowhere)).code).toBe(3)
  })

  test('2 with a plan that is no JSON, or without one', async () => {
    await writeFile(join(directory, 'bad.json'), '{\n  "a": 1,\n}')
    const bad = await ferry(['start', 'bad.json'], here())
    expect(bad.code).toBe(2)
    expect(bad.err).toContain('line 3, column 1')
    expect((await ferry(['start', 'none.json'], here())).code).toBe(2)
  })
})

describe('output', () => {
  test('a pipe gets lines without control characters', async () => {
    answer = { status: 200, body: report({ migration: migration({ status: 'completed' }) }) }
    const { out } = await ferry(['watch', id], here())
    expect(out).not.toContain('\u001B')
    expect(out.trimEnd().split('\n').at(-1)).toMatch(/^migration 3f9c\S+ completed/)
  })

  test('--json prints one object, or one event a line', async () => {
    answer = { status: 200, body: report({ migration: migration({ status: 'completed' }) }) }
    const look = await ferry(['status', id, '--json'], here())
    expect(JSON.parse(look.out)).toEqual(answer.body)
    const events = (await ferry(['--json', 'watch', id], here())).out.trimEnd().split('\n')
    expect(events.map((line) => JSON.parse(line).event)).toEqual(['ended'])
    answer = { status: 409, body: { error: { code: 'busy', message: 'No.', hint: 'Wait.' } } }
    const refused = await ferry(['retry', id, '--json'], here())
    expect(JSON.parse(refused.out)).toMatchObject({ error: { code: 'busy', hint: 'Wait.' } })
    expect(refused.err).toBe('')
  })
})

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
    answer = { status: 200, body: { findings: [finding('note', 'some_note')], entities: 2 } }
    const good = await ferry(['check', 'plan.json'], here())
    expect([good.code, good.out]).toEqual([0, 'The plan is good: 2 entities.\n'])
    expect(good.err).toBe('note some_note at entities[0]: Some message.\n  Some hint.\n')
    const findings = [finding('problem', 'one'), finding('problem', 'two')]
    answer = { status: 200, body: { findings, entities: 2 } }
    const bad = await ferry(['check', 'plan.json'], here())
    expect([bad.code, bad.err.match(/^error (one|two) at/gm)?.length]).toEqual([1, 2])
    const json = await ferry(['--json', 'check', 'plan.json'], here())
    expect([json.code, JSON.parse(json.out)]).toEqual([1, answer.body])
  })

  test('without a project, or with an address, it is checked here', async () => {
    await plan()
    const local = await ferry(['check', 'plan.json'])
    expect([local.code, local.err.match(/^error plan_key_missing/gm)?.length]).toEqual([1, 2])
    answer = { status: 500, body: {} }
    const source = 'postgres://nobody@127.0.0.1:9/none'
    expect((await ferry(['check', 'plan.json', '--source', source], here())).code).toBe(1)
  })

  test('a preview tells outcome and reason, and values where it is asked for them', async () => {
    await plan()
    const reason = { code: 'value_invalid', rule: 'value of cost', columns: ['cost'] }
    answer = {
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
    answer = { status: 200, body: { summary: [count], dead_letters: [letter], next: id } }
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
    answer = { status: 200, body: { summary: [], dead_letters: [], next: null } }
    expect((await ferry(['errors', id], here())).out).toBe('No row was refused.\n')
  })

  test('replay and resolve say what they did; without a word nothing is put away', async () => {
    const brief = { migration_id: id, status: 'completed', control_state: 'active' }
    answer = { status: 200, body: { ...brief, resolved: 2 } }
    const put = await ferry(['resolve', id, '--notes', 'known', '--key', '1', '--key', '2'], here())
    expect([put.code, put.out]).toEqual([
      0,
      '2 refused rows put away: they stay refused and are counted as such\n',
    ])
    expect((await ferry(['resolve', id], here())).code).toBe(2)
    expect((await ferry(['replay'], here())).code).toBe(2)
    const begun = await ferry(['replay', id, '--code', 'duplicate'], here())
    expect([begun.code, begun.out]).toMatchObject([0, expect.stringContaining('are tried again')])
  })
})

describe('the project is found', () => {
  const file = () => join(directory, 'project.json')
  const local = { url: 'http://127.0.0.1:1234', secret_key: 'sb_secret_local' }

  test('by options, then environment, then the file of ferry dev', async () => {
    await writeFile(file(), JSON.stringify(local))
    const environment = { SUPABASE_URL: 'https://a.supabase.co', SUPABASE_SECRET_KEY: 'env' }
    const find = (options: object, variables = {}) => findConnection(options, variables, file())
    expect(await find({ url: 'https://b.supabase.co/x', key: 'k' }, environment)).toEqual({
      url: 'https://b.supabase.co',
      key: 'k',
    })
    expect(await find({}, environment)).toEqual({ url: 'https://a.supabase.co', key: 'env' })
    expect(await find({})).toEqual({ url: local.url, key: local.secret_key })
    expect(await find({ key: 'analyst' })).toEqual({ url: local.url, key: 'analyst' })
  })

  test('and without any of them there is none', async () => {
    const nothing = findConnection({}, {}, join(directory, 'none.json'))
    await expect(nothing).rejects.toMatchObject({ code: 'url_missing', status: 400 })
  })

  test('but the key of the file is never sent to another address', async () => {
    await writeFile(file(), JSON.stringify(local))
    const elsewhere = findConnection({ url: 'https://b.supabase.co' }, {}, file())
    await expect(elsewhere).rejects.toMatchObject({ code: 'key_missing' })
  })

  test.each(['http://192.0.2.1', 'http://localhost.example.com', 'ftp://127.0.0.1', 'project'])(
    'and no key is sent in the clear to %s',
    async (address) => {
      const insecure = findConnection({ url: address, key: 'k' }, {}, file())
      await expect(insecure).rejects.toMatchObject({ code: 'url_invalid' })
    },
  )
})
