/** What an admin, or the database, may not send: a clear refusal, and nothing written. */
import { describe, expect, test } from 'vitest'
import {
  type Answer,
  bearer,
  type Call,
  type Headers,
  openStandstill,
  plan,
  STEERING,
  VERBS,
} from './standstill.ts'

const { sql, migrations, call, send, secretKey, expectUntouched } = await openStandstill()

describe('bad input of an admin', () => {
  const unknown = '00000000-0000-4000-8000-000000000000'

  test.each([
    ['cut JSON', '{"plan":', 400, 'body_malformed'],
    ['nothing', '', 400, 'body_malformed'],
    ['a list', '[]', 400, 'request_invalid'],
    [
      'an unknown key',
      '{"plan":{},"action":"pause","migration_id":"x","extra":1}',
      400,
      'request_invalid',
    ],
    ['10 MB', `{"plan":"${'x'.repeat(10_000_000)}"}`, 413, 'body_too_large'],
  ])('%s is refused, nothing written', async (_name, text, status, code) => {
    for (const name of ['start', 'control']) {
      const response = await send({ function: name, method: 'POST' }, secretKey(), text)
      const body = (await response.json()) as Answer['body']
      expect([name, response.status, body.error?.code]).toEqual([name, status, code])
    }
    await expectUntouched(0)
  })

  test('a body that is not declared as JSON is refused', async () => {
    const headers = { ...secretKey(), 'content-type': 'text/plain' }
    const response = await send(VERBS.list(), headers, null)
    expect(response.status).toBe(200)
    const refused = await send({ function: 'control', method: 'POST' }, headers, '{}')
    expect(refused.status).toBe(415)
  })

  test('another method is refused', async () => {
    expect((await send({ function: 'start', method: 'GET' }, secretKey(), null)).status).toBe(405)
    expect((await send({ function: 'status', method: 'POST' }, secretKey(), '{}')).status).toBe(405)
    await expectUntouched(0)
  })

  test('an unknown migration is not found by any verb', async () => {
    for (const what of [
      VERBS.report(unknown),
      ...STEERING.map((verb) => VERBS.control(verb, unknown)),
    ]) {
      const { status, body } = await call(what, secretKey())
      expect([what, status, body.error?.code]).toEqual([what, 404, 'migration_unknown'])
    }
    await expectUntouched(0)
  })

  test.each([
    ['a key that no plan has', { ...plan('four'), colour: 1 }, 'colour'],
    ['a table that is not there', { ...plan('four'), entities: ['public.nope'] }, 'entities[0]'],
    [
      'an address in the place of a name',
      { ...plan('four'), source: { secret: 'postgres://a:b@c/d' } },
      'source.secret',
    ],
    [
      'a secret that is not there',
      { ...plan('four'), source: { secret: 'NOWHERE' } },
      'source.secret',
    ],
    [
      'the database of the project itself',
      { ...plan('four'), source: { secret: 'SUPABASE_DB_URL' } },
      'source.secret',
    ],
  ])('a plan with %s names the place, nothing written', async (_name, bad, path) => {
    const what: Call = { function: 'start', method: 'POST', body: { plan: bad } }
    const { status, body } = await call(what, secretKey())
    expect([status, body.error?.path]).toEqual([400, path])
    await expectUntouched(0)
  })

  test('a second start on the same tables is refused, nothing written', async () => {
    const { status, body } = await call(VERBS.start('one'), secretKey())
    expect([status, body.error?.code]).toEqual([409, 'migration_exists'])
    await expectUntouched(0)
  })
})

describe('a dispatch', () => {
  /** The nonces that were drawn for a migration, as the request queue holds them in the clear. */
  async function nonceOf(migration: string): Promise<string> {
    const [row] = await sql<{ nonce: string }[]>`
      select convert_from(body, 'UTF8')::jsonb ->> 'nonce' as nonce from net.http_request_queue
       where convert_from(body, 'UTF8')::jsonb ->> 'migration_id' = ${migration} limit 1`
    return row!.nonce
  }

  const dispatch = (migration_id: string, nonce: string, headers: Headers = {}) =>
    call({ function: 'process-batch', method: 'POST', body: { migration_id, nonce } }, headers)

  test('with the nonce of another migration, a guessed one or a key instead is refused', async () => {
    const nonce = await nonceOf(migrations.second)
    const refusals = [
      await dispatch(migrations.first, nonce),
      await dispatch(migrations.first, '0'.repeat(64)),
      await dispatch(migrations.first, '0'.repeat(64), secretKey()),
      await dispatch('00000000-0000-4000-8000-000000000000', nonce),
    ]
    for (const { status, body } of refusals) {
      expect([status, body.error?.code]).toEqual([401, 'nonce_invalid'])
    }
    await expectUntouched(0)
  })

  test('a nonce opens nothing but process-batch', async () => {
    const nonce = await nonceOf(migrations.first)
    const steering = STEERING.map((action) => VERBS.control(action, migrations.first))
    for (const headers of [{ apikey: nonce }, bearer(nonce)]) {
      for (const what of [VERBS.start('three'), VERBS.list(), ...steering]) {
        expect((await call(what, headers)).status).toBe(401)
      }
    }
    await expectUntouched(0)
  })

  test('a malformed one is refused before the database is asked', async () => {
    expect((await dispatch(migrations.first, "' or true --")).status).toBe(400)
    expect((await dispatch('1', '0'.repeat(64))).status).toBe(400)
    await expectUntouched(0)
  })

  test('with its own nonce is let in, once', async () => {
    const nonce = await nonceOf(migrations.second)
    expect(await dispatch(migrations.second, nonce)).toEqual({
      status: 202,
      body: { accepted: true },
    })
    expect(await dispatch(migrations.second, nonce)).toEqual({
      status: 200,
      body: { accepted: false },
    })
  })
})
