/** Who may do what, against the real functions behind the gateway. */
import { describe, expect, test } from 'vitest'
import { newSigningKey } from '../../scripts/local/index.ts'
import { confused, goodClaims, hmac, publishedKey, signedBy, unsigned } from './forge.ts'
import { bearer, type Call, type Headers, openStandstill, STEERING, VERBS } from './standstill.ts'

const { project, migrations, call, expectUntouched } = await openStandstill()

/** Everything that changes something. */
function adminCalls(): Call[] {
  const steering = STEERING.map((action) => VERBS.control(action, migrations.first))
  return [VERBS.start('three'), ...steering]
}

function everyCall(): Call[] {
  return [...adminCalls(), VERBS.list(), VERBS.report(migrations.first)]
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
    expect(await expectUntouched(calls.length)).toEqual(
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
