import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { findConnection } from '../../../scripts/ferry/connection.ts'
import { answeringProject } from './answering-project.ts'
import { migration, report } from './reports.ts'

const id = migration().migration_id
const { project, directory, ferry, here } = await answeringProject()

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
    project.answer = { status: 200, body: report({ migration: migration(state) }) }
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
    project.answer = {
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
    project.answer = {
      status: 200,
      body: report({ migration: migration({ status: 'completed' }) }),
    }
    const { out } = await ferry(['watch', id], here())
    expect(out).not.toContain('\u001B')
    expect(out.trimEnd().split('\n').at(-1)).toMatch(/^migration 3f9c\S+ completed/)
  })

  test('--json prints one object, or one event a line', async () => {
    project.answer = {
      status: 200,
      body: report({ migration: migration({ status: 'completed' }) }),
    }
    const look = await ferry(['status', id, '--json'], here())
    expect(JSON.parse(look.out)).toEqual(project.answer.body)
    const events = (await ferry(['--json', 'watch', id], here())).out.trimEnd().split('\n')
    expect(events.map((line) => JSON.parse(line).event)).toEqual(['ended'])
    project.answer = {
      status: 409,
      body: { error: { code: 'busy', message: 'No.', hint: 'Wait.' } },
    }
    const refused = await ferry(['retry', id, '--json'], here())
    expect(JSON.parse(refused.out)).toMatchObject({ error: { code: 'busy', hint: 'Wait.' } })
    expect(refused.err).toBe('')
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
