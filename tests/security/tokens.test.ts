/**
 * Who may do what, against the real functions behind the gateway. Requests are not sent and nothing
 * sweeps while these tests run, so that every row that appears was written by a request under test.
 */
import postgres from 'postgres'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { newSigningKey } from '../../scripts/local/index.ts'
import { testProject } from '../support/project.ts'
import { confused, goodClaims, hmac, publishedKey, signedBy, unsigned } from './forge.ts'
import { auditLog, type Snapshot, snapshot } from './snapshot.ts'

const { project, targetUrl, sourceUrl } = await testProject()
const sql = postgres(targetUrl, { max: 1, onnotice: () => undefined })

let migrations: { first: string; second: string }
let before: Snapshot
let audited: number

beforeAll(async () => {
  await fillSource()
  project.net.pause()
  project.cron.pause()
  migrations = { first: await started('one'), second: await started('two') }
  await stopTheClock()
})
afterAll(() => sql.end())

beforeEach(async () => {
  before = await snapshot(sql)
  audited = (await auditLog(sql)).length
})

async function fillSource(): Promise<void> {
  const source = postgres(sourceUrl, { max: 1, onnotice: () => undefined })
  await source`create table public.patients (id integer primary key, name text)`
  await source`insert into public.patients select n, 'somebody' from generate_series(1, 10) n`
  await source`grant select on public.patients to public`
  await source.end()
}

async function started(schema: string): Promise<string> {
  const { status, body } = await call(VERBS.start(schema), secretKey())
  expect(status, JSON.stringify(body)).toBe(202)
  return String(body.migration_id)
}

/** No dispatch expires while it stands, so that the sweep of a status call finds nothing to do. */
async function stopTheClock(): Promise<void> {
  const [row] = await sql<{ now: string }[]>`select migration.clock()::text as now`
  await sql.unsafe(`create or replace function migration.clock() returns timestamptz
    language sql volatile set search_path = '' as $$ select timestamptz '${row!.now}' $$`)
}

interface Call {
  readonly function: string
  readonly method: 'GET' | 'POST'
  readonly query?: string
  readonly body?: unknown
}

type Headers = Record<string, string>

const plan = (schema: string) => ({
  version: 1,
  name: 'tokens',
  source: { secret: 'LEGACY_DATABASE_URL' },
  entities: [{ source: 'public.patients', target: `${schema}.patients` }],
})

const VERBS = {
  start: (schema: string): Call => ({
    function: 'start',
    method: 'POST',
    body: { plan: plan(schema) },
  }),
  list: (): Call => ({ function: 'status', method: 'GET' }),
  report: (migration_id: string): Call => ({
    function: 'status',
    method: 'GET',
    query: `?migration_id=${migration_id}`,
  }),
  control: (action: string, migration_id: string): Call => ({
    function: 'control',
    method: 'POST',
    body: { action, migration_id },
  }),
}

const STEERING = ['pause', 'resume', 'cancel', 'retry']

/** Everything that changes something. */
function adminCalls(): Call[] {
  const steering = STEERING.map((action) => VERBS.control(action, migrations.first))
  return [VERBS.start('three'), ...steering]
}

function everyCall(): Call[] {
  return [...adminCalls(), VERBS.list(), VERBS.report(migrations.first)]
}

async function send(what: Call, headers: Headers, body: BodyInit | null): Promise<Response> {
  return fetch(`${project.url}/functions/v1/${what.function}${what.query ?? ''}`, {
    method: what.method,
    headers: { 'content-type': 'application/json', ...headers },
    body,
  })
}

async function call(what: Call, headers: Headers) {
  const body = what.body === undefined ? null : JSON.stringify(what.body)
  const response = await send(what, headers, body)
  return { status: response.status, body: (await response.json()) as Answer }
}

interface Answer {
  readonly migration_id?: string
  readonly error?: { readonly code: string; readonly path?: string }
}

const secretKey = (): Headers => ({ apikey: project.keys.secret })
const bearer = (token: string): Headers => ({ authorization: `Bearer ${token}` })

/** Nothing but the audit log may have grown, and that by this many entries. */
async function expectUntouched(entries: number): Promise<void> {
  expect(await snapshot(sql)).toEqual(before)
  expect((await auditLog(sql)).length - audited).toBe(entries)
}

describe('strangers', () => {
  const forgeries: Record<string, () => Promise<Headers>> = {
    'no credentials': async () => ({}),
    'a wrong secret key': async () => ({ apikey: `${project.keys.secret}x` }),
    'the secret key as a token': async () => bearer(project.keys.secret),
    garbage: async () => bearer('a.b.c'),
    'alg none': async () => bearer(unsigned(goodClaims(project.url), 'none', await kid())),
    'alg nOnE': async () => bearer(unsigned(goodClaims(project.url), 'nOnE', await kid())),
    expired: async () => bearer(await project.signToken(admin, { expiresIn: -10 })),
    'no expiry': async () => bearer(await project.signToken(admin, { expiresIn: null })),
    'another issuer': async () =>
      bearer(await project.signToken(admin, { issuer: 'https://evil.example/auth/v1' })),
    'another audience': async () => bearer(await project.signToken(admin, { audience: 'anon' })),
    'a key of the attacker': async () =>
      bearer(await project.signToken(admin, { signing: await attackerKey() })),
    'a key of the attacker under the right kid': async () =>
      bearer(await signedBy(goodClaims(project.url), await newSigningKey(), { kid: await kid() })),
    'a key of the attacker sent along': async () => {
      const { d: _private, ...jwk } = await newSigningKey()
      const signing = await newSigningKey()
      return bearer(await signedBy(goodClaims(project.url), signing, { kid: await kid(), jwk }))
    },
    'kid traversal': async () =>
      bearer(await hmac(goodClaims(project.url), '../../../../dev/null', new Uint8Array(1))),
    'kid traversal with a real signature': async () =>
      bearer(
        await signedBy(goodClaims(project.url), await newSigningKey(), { kid: '../../dev/null' }),
      ),
    'HS256 with the public key as PEM': async () => bearer((await confusedTokens()).PEM!),
    'HS256 with the public key as JWK': async () => bearer((await confusedTokens()).JWK!),
    'HS256 with a coordinate of the public key': async () => bearer((await confusedTokens()).x!),
  }
  const admin = { app_metadata: { roles: ['migration_admin'] } }
  const kid = async () => (await publishedKey(project.url)).kid ?? ''
  const attackerKey = async () => ({ ...(await newSigningKey()), kid: await kid() })
  const confusedTokens = async () =>
    confused(goodClaims(project.url), await publishedKey(project.url))

  test.each(Object.entries(forgeries))(
    '%s: 401 everywhere, nothing written',
    async (_name, make) => {
      const headers = await make()
      for (const what of everyCall()) {
        const { status, body } = await call(what, headers)
        expect([what.function, status]).toEqual([what.function, 401])
        expect(body.error?.code).toMatch(/^credentials_(missing|invalid)$/)
      }
      await expectUntouched(0)
    },
  )

  test('the same claims under the right key are let in', async () => {
    const token = await project.signToken(admin)
    expect((await call(VERBS.list(), bearer(token))).status).toBe(200)
  })
})

describe('callers without the role', () => {
  const claims: Record<string, object> = {
    'an ordinary user': {},
    'a user who wrote user_metadata': {
      user_metadata: {
        role: 'admin',
        roles: ['migration_admin'],
        app_metadata: { roles: ['migration_admin'] },
      },
    },
    'a user with a role of another name': {
      app_metadata: { roles: ['admin', 'migration_administrator'] },
    },
    'a user with the role as text': { app_metadata: { roles: 'migration_admin' } },
    'a user with claims of a service': { role: 'service_role', roles: ['migration_admin'] },
  }

  test.each(Object.entries(claims))(
    '%s: 403 everywhere, audited, nothing else written',
    async (_name, extra) => {
      const sub = '5a0f4a44-8f7e-4a6e-bf0c-6f4c6f1d9f10'
      await expectForbidden(bearer(await project.signToken({ sub, ...extra })), `user:${sub}`)
    },
  )

  test('the publishable key: 403 everywhere, audited, nothing else written', async () => {
    await expectForbidden({ apikey: project.keys.publishable }, 'publishable:default')
  })

  async function expectForbidden(headers: Headers, actor: string): Promise<void> {
    const calls = everyCall()
    for (const what of calls) {
      const { status, body } = await call(what, headers)
      expect([what.function, status, body.error?.code]).toEqual([what.function, 403, 'forbidden'])
    }
    await expectUntouched(calls.length)
    expect((await auditLog(sql)).slice(audited)).toEqual(
      calls.map((what) => ({ actor, action: what.function, outcome: 'refused' })),
    )
  }

  test('an analyst reads status and does nothing else', async () => {
    const token = await project.signToken({ app_metadata: { roles: ['migration_analyst'] } })
    for (const what of adminCalls()) {
      expect((await call(what, bearer(token))).status).toBe(403)
    }
    await expectUntouched(adminCalls().length)
    expect((await call(VERBS.list(), bearer(token))).status).toBe(200)
    expect((await call(VERBS.report(migrations.first), bearer(token))).status).toBe(200)
  })
})

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
      const body = (await response.json()) as Answer
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
    for (const headers of [{ apikey: nonce }, bearer(nonce)]) {
      for (const what of everyCall()) expect((await call(what, headers)).status).toBe(401)
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

test('no secret, token or address was printed by a function', async () => {
  const printed = project
    .functionLines()
    .map((line) => line.text)
    .join('\n')
  expect(printed).toContain('"stage":"request"')
  expect(printed).not.toContain(project.keys.secret)
  expect(printed).not.toContain(project.keys.publishable)
  expect(printed).not.toMatch(/eyJ[\w-]{10,}/)
  expect(printed).not.toMatch(/postgres(ql)?:\/\//)
})
