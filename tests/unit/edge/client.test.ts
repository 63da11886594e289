import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { openClient } from '../../../scripts/ferry/client.ts'
import { identify } from '../../../scripts/ferry/identify.ts'
import { migration, report } from './reports.ts'

interface Seen {
  readonly method: string | undefined
  readonly url: string | undefined
  readonly apikey: string | string[] | undefined
  readonly authorization: string | undefined
  readonly body: string
}

const open: Server[] = []
afterEach(() => {
  for (const server of open.splice(0)) server.close().closeAllConnections()
})

/** A project that gives these answers in turn, the last one for ever; `null` drops the connection. */
async function project(...answers: ({ status: number; body: unknown } | null)[]) {
  const seen: Seen[] = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const { method, url, headers } = request
    seen.push({ method, url, apikey: headers.apikey, authorization: headers.authorization, body })
    const next = answers[Math.min(seen.length, answers.length) - 1]
    if (next === null || next === undefined) return void request.socket.destroy()
    const text = typeof next.body === 'string' ? next.body : JSON.stringify(next.body)
    response.writeHead(next.status, { location: '/elsewhere' }).end(text)
  })
  open.push(server)
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url, seen, client: openClient({ url, key: 'sb_secret_x' }) }
}

const id = migration().migration_id
const ok = (body: unknown) => ({ status: 200, body })

test('keys and tokens travel in their own headers', async () => {
  const { url, seen, client } = await project(ok([]))
  await client.list()
  await openClient({ url, key: 'eyJ.a.b' }).list()
  expect(seen.map(({ apikey, authorization }) => [apikey, authorization])).toEqual([
    ['sb_secret_x', undefined],
    [undefined, 'Bearer eyJ.a.b'],
  ])
})

test('start and control send what the functions expect', async () => {
  const { seen, client } = await project(
    { status: 202, body: { migration_id: id, entities: 3 } },
    ok({ migration_id: id, status: 'running', control_state: 'paused' }),
  )
  expect(await client.start({ name: 'x' })).toEqual({
    migration_id: id,
    entities: 3,
    notes: [],
  })
  expect((await client.steer('pause', id)).control_state).toBe('paused')
  expect(seen.map(({ method, url, body }) => [method, url, JSON.parse(body)])).toEqual([
    ['POST', '/functions/v1/start', { plan: { name: 'x' } }],
    ['POST', '/functions/v1/control', { action: 'pause', migration_id: id }],
  ])
})

test('a refusal keeps status, code, hint, path and every problem', async () => {
  const error = { code: 'table_unknown', message: 'No.', hint: 'Look.', path: 'entities[1]' }
  const { client } = await project({ status: 422, body: { error, problems: [error, error] } })
  await expect(client.start({})).rejects.toMatchObject({
    ...error,
    status: 422,
    problems: [error, error],
  })
})

test.each([
  ['HTML of a proxy', { status: 502, body: '<html>' }, { code: 'answer_unexpected', status: 502 }],
  ['missing functions', { status: 404, body: '' }, { code: 'functions_missing' }],
  ['an answer of another version', ok({ rows: 1 }), { code: 'answer_unexpected' }],
  ['a redirect', { status: 302, body: '' }, { code: 'unreachable' }],
])('%s is an error of its own', async (_name, answer, expected) => {
  const { client } = await project(answer)
  await expect(client.report(id)).rejects.toMatchObject(expected)
})

test('asking for progress outlives a lost connection and a retired isolate', async () => {
  const { seen, client } = await project(null, { status: 503, body: 'x' }, ok(report()))
  const waits: string[] = []
  const waiting = (error: { code: string }) => void waits.push(error.code)
  const answer = await client.report(id, { milliseconds: 10_000, waiting })
  expect(answer.migration.migration_id).toBe(id)
  expect(seen).toHaveLength(3)
  expect(waits).toEqual(['unreachable', 'answer_unexpected'])
})

test('it does not ask again after a refusal, nor longer than it was told', async () => {
  const refusal = { error: { code: 'forbidden', message: 'No.', hint: 'Ask.' } }
  const refused = await project({ status: 403, body: refusal })
  const patience = { milliseconds: 60_000 }
  await expect(refused.client.report(id, patience)).rejects.toMatchObject({ code: 'forbidden' })
  expect(refused.seen).toHaveLength(1)
  const lost = await project(null)
  await expect(lost.client.report(id, { milliseconds: 100 })).rejects.toMatchObject({
    code: 'unreachable',
  })
  expect(lost.seen).toHaveLength(1)
})

test('what changes something is never sent twice', async () => {
  const { seen, client } = await project(null)
  await expect(client.start({})).rejects.toMatchObject({ code: 'unreachable' })
  await expect(client.steer('retry', id)).rejects.toMatchObject({ code: 'unreachable' })
  expect(seen.map(({ url }) => url)).toEqual(['/functions/v1/start', '/functions/v1/control'])
})

test('a migration is found by its id, a unique beginning, or as the newest', async () => {
  const older = migration({
    migration_id: '3fffffff-2222-4333-8444-555555555555',
    created_at: '2026-01-01T00:00:00+00:00',
  })
  const { seen, client } = await project(ok([older, migration()]))
  expect(await identify(client, id.toUpperCase())).toBe(id)
  expect(seen).toHaveLength(0)
  expect(await identify(client, '3ff')).toBe(older.migration_id)
  expect(await identify(client, undefined)).toBe(id)
  await expect(identify(client, '3f')).rejects.toMatchObject({ code: 'migration_ambiguous' })
  await expect(identify(client, 'a')).rejects.toMatchObject({ code: 'migration_unknown' })
  await expect(identify(client, "'; drop")).rejects.toMatchObject({
    code: 'migration_id_malformed',
  })
  const empty = await project(ok([]))
  await expect(identify(empty.client, undefined)).rejects.toMatchObject({ code: 'migration_none' })
})

test('plans and dead letters are asked about as the functions expect', async () => {
  const steered = { migration_id: id, status: 'completed', control_state: 'active' }
  const { seen, client } = await project(
    ok({ findings: [], entities: 3 }),
    ok({ entity: 'public.a', rows: [], not_moved: [] }),
    ok({ summary: [], dead_letters: [], next: null }),
    ok(steered),
    ok(steered),
    ok({ ...steered, resolved: 2 }),
  )
  await client.check({ name: 'x' })
  await client.preview({ name: 'x' }, 'public.a', 3, true)
  const question = { state: 'all', limit: 5, entity: 'public."a&b"', code: 'duplicate' } as const
  await client.deadLetters(id, question)
  await client.replay(id, { keys: ['["1", "2"]'] })
  await client.replay(id, {}, { name: 'x' })
  expect((await client.resolve(id, { code: 'duplicate' }, 'known')).resolved).toBe(2)
  const sent = seen.map(({ url, body }) => [
    url?.replace('/functions/v1/', ''),
    body === '' ? null : JSON.parse(body),
  ])
  expect(sent).toEqual([
    ['plan', { action: 'check', plan: { name: 'x' } }],
    ['plan', { action: 'preview', plan: { name: 'x' }, entity: 'public.a', rows: 3, values: true }],
    [
      `status?migration_id=${id}&dead_letters=all&limit=5&entity=public.%22a%26b%22&code=duplicate`,
      null,
    ],
    ['control', { action: 'replay', migration_id: id, keys: ['["1", "2"]'] }],
    ['control', { action: 'replay', migration_id: id, plan: { name: 'x' } }],
    ['control', { action: 'resolve', migration_id: id, code: 'duplicate', notes: 'known' }],
  ])
})
