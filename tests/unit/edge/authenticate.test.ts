import { exportJWK, exportSPKI, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import { expect, test } from 'vitest'
import { authenticate } from '../../../supabase/functions/_shared/authenticate.ts'
import { recordingPlatform } from './recording-platform.ts'

const URL = 'https://project.test'
const pair = await generateKeyPair('ES256', { extractable: true })
const jwk = { ...(await exportJWK(pair.publicKey)), kid: 'one', alg: 'ES256', use: 'sig' }
const shared = {
  kty: 'oct',
  k: 'c2hhcmVkLXNlY3JldC1zaGFyZWQtc2VjcmV0LXNoYXJlZA',
  kid: 'hmac',
  alg: 'HS256',
}

const environment = {
  SUPABASE_URL: URL,
  SUPABASE_SECRET_KEYS: JSON.stringify({ default: 'sb_secret_one', worker: 'sb_secret_two' }),
  SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ default: 'sb_publishable_one' }),
  SUPABASE_JWKS: JSON.stringify({ keys: [jwk, shared] }),
}

interface TokenParts {
  claims?: JWTPayload
  alg?: string
  kid?: string
  key?: CryptoKey | Uint8Array
  without?: 'exp' | 'aud' | 'iss' | 'sub'
}

function token({
  claims = {},
  alg = 'ES256',
  kid = 'one',
  key = pair.privateKey,
  without,
}: TokenParts) {
  const now = Math.floor(Date.now() / 1000)
  const all: JWTPayload = {
    sub: 'user-1',
    iss: `${URL}/auth/v1`,
    aud: 'authenticated',
    exp: now + 60,
    ...claims,
  }
  const kept = Object.fromEntries(Object.entries(all).filter(([name]) => name !== without))
  return new SignJWT(kept).setProtectedHeader({ alg, kid }).sign(key)
}

function caller(headers: Record<string, string>, overrides: Record<string, string> = {}) {
  const request = new Request('http://functions.test/', { headers })
  return authenticate(request, recordingPlatform({ ...environment, ...overrides }))
}

const bearer = (value: string) => ({ authorization: `Bearer ${value}` })
const admin = { app_metadata: { roles: ['migration_admin', 'other'] } }

test('any secret key of the project is an admin, under its own name', async () => {
  expect(await caller({ apikey: 'sb_secret_two' })).toEqual({
    actor: 'secret:worker',
    roles: new Set(['migration_admin', 'migration_analyst']),
  })
})

test('a publishable key is known, and may nothing', async () => {
  expect(await caller({ apikey: 'sb_publishable_one' })).toEqual({
    actor: 'publishable:default',
    roles: new Set(),
  })
})

test('app_metadata.roles grants; nothing else does', async () => {
  const roles = async (claims: JWTPayload) => [
    ...(await caller(bearer(await token({ claims })))).roles,
  ]
  expect(await roles(admin)).toEqual(['migration_admin'])
  expect(await roles({ app_metadata: { roles: ['migration_analyst'] } })).toEqual([
    'migration_analyst',
  ])
  expect(await roles({ user_metadata: { roles: ['migration_admin'] } })).toEqual([])
  expect(await roles({ app_metadata: { roles: 'migration_admin' } })).toEqual([])
  expect(await roles({ app_metadata: { role: 'migration_admin' } })).toEqual([])
  expect(await roles({ role: 'service_role', roles: ['migration_admin'] })).toEqual([])
  expect(await roles({ app_metadata: null })).toEqual([])
})

const past = Math.floor(Date.now() / 1000) - 60
const publicText = new TextEncoder().encode(await exportSPKI(pair.publicKey))
const none = `${btoa('{"alg":"none","kid":"one"}')}.${(await token({ claims: admin })).split('.')[1]}.`
const hmacKey = new TextEncoder().encode('shared-secret-shared-secret-shared')

const bad: Record<string, string> = {
  'alg none': none,
  'HS256 over the public key': await token({ claims: admin, alg: 'HS256', key: publicText }),
  'HS256 over a listed symmetric key': await token({
    claims: admin,
    alg: 'HS256',
    kid: 'hmac',
    key: hmacKey,
  }),
  'another key': await token({ claims: admin, key: (await generateKeyPair('ES256')).privateKey }),
  expired: await token({ claims: { ...admin, exp: past } }),
  'no expiry': await token({ claims: admin, without: 'exp' }),
  'not valid yet': await token({ claims: { ...admin, nbf: past + 3600 } }),
  'another issuer': await token({ claims: { ...admin, iss: 'https://other.test/auth/v1' } }),
  'no issuer': await token({ claims: admin, without: 'iss' }),
  'another audience': await token({ claims: { ...admin, aud: 'anon' } }),
  'no audience': await token({ claims: admin, without: 'aud' }),
  'no subject': await token({ claims: admin, without: 'sub' }),
  'kid traversal': await token({ claims: admin, kid: '../../dev/null' }),
  'kid that names an object property': await token({ claims: admin, kid: '__proto__' }),
  garbage: 'a.b.c',
  empty: '',
}

test.each(Object.entries(bad))('token with %s is refused', async (_name, value) => {
  await expect(caller(bearer(value))).rejects.toMatchObject({ status: 401 })
})

test('the same token without the defect is accepted', async () => {
  expect((await caller(bearer(await token({ claims: admin })))).actor).toBe('user:user-1')
})

test.each([
  ['nothing', {}, 'credentials_missing'],
  ['a wrong key', { apikey: 'sb_secret_other' }, 'credentials_invalid'],
  ['a secret key as a token', { authorization: 'Bearer sb_secret_one' }, 'credentials_invalid'],
  ['a basic header', { authorization: 'Basic c2I6c2I=' }, 'credentials_invalid'],
])('%s is refused', async (_name, headers: Record<string, string>, code) => {
  await expect(caller(headers)).rejects.toMatchObject({ status: 401, code })
})

test('a project without publishable keys still answers 401 to a wrong key', async () => {
  const wrong = caller({ apikey: 'sb_secret_other' }, { SUPABASE_PUBLISHABLE_KEYS: '{}' })
  await expect(wrong).rejects.toMatchObject({ status: 401 })
})

test('without published keys no token is accepted, and none are fetched', async () => {
  const value = await token({ claims: admin })
  await expect(caller(bearer(value), { SUPABASE_JWKS: '' })).rejects.toMatchObject({ status: 401 })
})

test('an incomplete environment is the fault of the server', async () => {
  const request = caller({ apikey: 'sb_secret_one' }, { SUPABASE_SECRET_KEYS: 'not json' })
  await expect(request).rejects.toMatchObject({ status: 500, code: 'auth_unconfigured' })
})
