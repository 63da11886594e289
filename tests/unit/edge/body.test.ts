import { expect, test } from 'vitest'
import { z } from 'zod'
import type { FerryError } from '../../../shared/platform/errors.ts'
import { BODY_LIMIT, readBody } from '../../../supabase/functions/_shared/body.ts'
import { readQuery } from '../../../supabase/functions/_shared/query.ts'

const Anything = z.unknown()

function request(body: BodyInit | null, headers: Record<string, string> = {}): Request {
  return new Request('http://functions.test/', {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body instanceof ReadableStream ? { duplex: 'half' } : {}),
  } as RequestInit)
}

async function refusal(reading: Promise<unknown>): Promise<FerryError> {
  return reading.then(
    () => expect.fail('the body was accepted'),
    (error: unknown) => error as FerryError,
  )
}

/** A body that would never end, and how much of it was asked for. */
function endless(
  chunk: Uint8Array,
  first?: string,
): { body: ReadableStream; pulled: () => number } {
  let pulled = 0
  const body = new ReadableStream({
    start: (controller) => first && controller.enqueue(new TextEncoder().encode(first)),
    pull(controller) {
      pulled += chunk.byteLength
      controller.enqueue(chunk)
    },
  })
  return { body, pulled: () => pulled }
}

test('a body of exactly the limit is read, one byte more is refused', async () => {
  const fitting = JSON.stringify('x'.repeat(BODY_LIMIT - 2))
  expect(await readBody(request(fitting), Anything)).toHaveLength(BODY_LIMIT - 2)
  const error = await refusal(readBody(request(`${fitting} `), Anything))
  expect(error).toMatchObject({ code: 'body_too_large', status: 413 })
})

test('an endless body without a length is cut off at the limit', async () => {
  const { body, pulled } = endless(new Uint8Array(64 * 1024).fill(0x20))
  const error = await refusal(readBody(request(body), Anything))
  expect(error).toMatchObject({ code: 'body_too_large', status: 413 })
  expect(pulled()).toBeLessThan(2 * BODY_LIMIT)
})

test('a declared length that is too small is not believed', async () => {
  const { body } = endless(new Uint8Array(64 * 1024).fill(0x20))
  const error = await refusal(readBody(request(body, { 'content-length': '2' }), Anything))
  expect(error.status).toBe(413)
})

test('a body that stops arriving is given up', async () => {
  const body = new ReadableStream({
    start: (controller) => controller.enqueue(new TextEncoder().encode('{')),
  })
  const error = await refusal(readBody(request(body), Anything, { milliseconds: 30 }))
  expect(error).toMatchObject({ code: 'body_timeout', status: 408 })
})

test.each([
  ['nothing', ''],
  ['a cut document', '{"plan":'],
  ['two documents', '{} {}'],
  ['invalid UTF-8', new Uint8Array([0x22, 0xe9, 0x22])],
])('%s is malformed', async (_name, body) => {
  const error = await refusal(readBody(request(body), Anything))
  expect(error).toMatchObject({ code: 'body_malformed', status: 400 })
})

test('deeply nested JSON is answered, not a crash', async () => {
  const depth = 200_000
  const nested = '['.repeat(depth) + ']'.repeat(depth)
  const error = await refusal(readBody(request(nested), z.strictObject({ plan: z.unknown() })))
  expect(error.status).toBe(400)
})

test.each(['text/plain', 'application/x-www-form-urlencoded', 'application/jsonx', ''])(
  'content type "%s" is refused',
  async (type) => {
    const error = await refusal(readBody(request('{}', { 'content-type': type }), Anything))
    expect(error).toMatchObject({ code: 'body_not_json', status: 415 })
  },
)

test('a compressed body is refused, since its size is not the size that arrives', async () => {
  const error = await refusal(readBody(request('{}', { 'content-encoding': 'gzip' }), Anything))
  expect(error.status).toBe(415)
})

test.each(['application/json', 'application/json; charset=utf-8', 'Application/JSON'])(
  'content type "%s" is accepted',
  async (type) => {
    expect(await readBody(request('{}', { 'content-type': type }), Anything)).toEqual({})
  },
)

test('every problem is reported with its path', async () => {
  const schema = z.strictObject({ action: z.enum(['pause']), ids: z.array(z.guid()) })
  const body = JSON.stringify({ action: 'stop', ids: ['x'], extra: 1 })
  const error = await refusal(readBody(request(body), schema))
  expect(error).toMatchObject({ code: 'request_invalid', status: 400 })
  expect(error).toHaveProperty('problems')
  const { problems } = error as FerryError & { problems: { path?: string; message: string }[] }
  expect(problems.map(({ path }) => path)).toEqual(['action', 'ids[0]', undefined])
  expect(problems[2]?.message).toContain('extra')
})

test('a misspelt or repeated query parameter is refused', () => {
  const Query = z.strictObject({ migration_id: z.guid().optional() })
  const get = (query: string) => readQuery(new Request(`http://functions.test/${query}`), Query)
  const id = '11111111-2222-4333-8444-555555555555'
  expect(get('')).toEqual({})
  expect(get(`?migration_id=${id}`)).toEqual({ migration_id: id })
  expect(() => get('?id=1')).toThrow(expect.objectContaining({ code: 'request_invalid' }))
  expect(() => get('?migration_id=1')).toThrow(expect.objectContaining({ path: 'migration_id' }))
  expect(() => get(`?migration_id=${id}&migration_id=${id}`)).toThrow(
    expect.objectContaining({ path: 'migration_id' }),
  )
})
