/** The function `plan` reads databases by what a stranger may have written: who may, and what a plan can do. */
import { describe, expect, test } from 'vitest'
import { type Answer, bearer, type Call, type Headers, openStandstill, plan } from './standstill.ts'

const { project, sql, call, send, secretKey, expectUntouched } = await openStandstill()

const secret = 'LEGACY_DATABASE_URL'
const asked = (body: object): Call => ({ function: 'plan', method: 'POST', body })
const entity = 'public.patients'
const everyAction = (plan_: unknown) => [
  asked({ action: 'check', plan: plan_ }),
  asked({ action: 'preview', plan: plan_, entity, values: true }),
  asked({ action: 'save', plan: plan_ }),
]
const calls = () => [asked({ action: 'discover', secret }), ...everyAction(plan('four'))]

describe('whoever is no admin', () => {
  test('gets nothing without credentials or with wrong ones, and leaves no trace', async () => {
    for (const headers of [{}, { apikey: `${project.keys.secret}x` }, bearer('a.b.c')]) {
      for (const what of calls()) expect((await call(what, headers)).status).toBe(401)
    }
    await expectUntouched(0)
  })

  const roles = (...names: string[]) =>
    project.signToken({ app_metadata: { roles: names } }).then(bearer)

  test.each<[string, () => Promise<Headers>]>([
    ['the publishable key', async () => ({ apikey: project.keys.publishable })],
    ['a user', () => roles()],
    ['an analyst', () => roles('migration_analyst')],
  ])('%s: 403, audited, nothing else written', async (_name, headers) => {
    const made = await headers()
    for (const what of calls()) {
      const { status, body } = await call(what, made)
      expect([status, body.error?.code]).toEqual([403, 'forbidden'])
    }
    const entries = await expectUntouched(calls().length)
    expect(entries.map(({ action, outcome }) => `${action} ${outcome}`)).toEqual(
      calls().map(() => 'plan refused'),
    )
  })

  test('an admin is let in, and a look leaves nothing but a word in the audit log', async () => {
    const admin = await roles('migration_admin')
    const [discover, check, preview] = calls()
    for (const what of [discover, check]) expect((await call(what!, admin)).status).toBe(200)
    await expectUntouched(0)
    expect((await call(preview!, admin)).status).toBe(200)
    expect(await expectUntouched(1)).toMatchObject([{ action: 'plan.values_shown', outcome: 'ok' }])
    const [entry] = await sql`select details from migration.audit_log order by id desc limit 1`
    expect(JSON.stringify(entry)).not.toContain('somebody')
  })
})

describe('a plan as an attacker would write it', () => {
  type Checked = Answer['body'] & { findings: { severity: string; path: string }[] }
  const isStorable = (text: string) => text !== '' && !text.includes('\0') && text.isWellFormed()
  const injections = [
    `x"; drop table migration.batches; --`,
    `x'; drop table migration.batches; --`,
    `int); drop table migration.batches; --`,
    `integer) as x, (select secret from vault.secrets`,
    `$1$; drop schema migration cascade; $1$`,
    `\\'); select pg_sleep(60); --`,
    'a\u0000b',
    '\ud800',
    '__proto__',
    'constructor',
    '%s %I %L',
    'pg_temp.ferry_stage',
    '',
  ]

  /** The text in every place of a plan that takes one. */
  function plans(text: string): object[] {
    const base = { ...plan('four'), source: { secret, system: 'attack' } }
    const mapped = (columns: object, more: object = {}) => ({
      ...base,
      entities: [
        { source: entity, target: 'four.patients', id: { strategy: 'uuid' }, columns, ...more },
      ],
    })
    return [
      mapped({ [text]: 'name' }),
      mapped({ name: text }),
      mapped({ name: { op: 'cast', of: 'name', to: text } }),
      mapped({ name: { op: 'constant', value: text } }),
      mapped({ name: { op: 'concat', of: ['name', 'name'], separator: text } }),
      mapped({
        name: { op: 'value_map', of: 'name', values: { [text]: text }, otherwise: 'keep' },
      }),
      mapped({ name: { op: 'regexp_replace', of: 'name', pattern: text, with: text } }),
      mapped({ name: { op: 'parse_time', of: 'name', format: text, to: 'date' } }),
      mapped({ name: { op: 'reference', to: text, of: 'id' } }),
      mapped({ name: { op: text, of: 'name' } }),
      mapped({ name: 'name' }, { id: { strategy: 'uuid', column: text } }),
      mapped({ name: 'name' }, { type: text }),
      mapped(
        { name: 'name' },
        { rules: [{ rule: 'choice', column: 'name', values: [text], severity: 'reject' }] },
      ),
      mapped(
        { name: 'name' },
        { rules: [{ rule: 'pattern', column: 'name', pattern: text, name: text }] },
      ),
      mapped({ name: 'name' }, { filter: { column: 'name', is: '=', value: text } }),
      { ...base, rename: { schemas: { public: text }, tables: {} }, entities: '*' },
      { ...base, entities: [{ source: entity, target: `four.${text}` }] },
      { ...base, source: { secret, system: text } },
      { ...base, [text]: text },
    ]
  }

  test.each(injections)(
    '%j anywhere is data or a refusal, and nothing is written',
    { timeout: 120_000 },
    async (text) => {
      let answered = 0
      let carriedOut = 0
      for (const hostile of plans(text)) {
        // As text: JSON keeps a key that an object of JavaScript would not.
        const body = JSON.stringify({ action: 'check', plan: hostile })
        const response = await send({ function: 'plan', method: 'POST' }, secretKey(), body)
        const checked = (await response.json()) as Checked
        expect([body, response.status, checked.error]).toEqual([body, 200, undefined])
        answered += 1
        if (checked.findings.some(({ severity }) => severity === 'problem')) continue
        // Nothing stands against it: it is only a text then, wherever it goes.
        const shown = await call(asked({ action: 'preview', plan: hostile, entity }), secretKey())
        expect([body, shown.status]).toEqual([body, 200])
        carriedOut += 1
      }
      expect(answered).toBe(plans(text).length)
      if (isStorable(text)) expect(carriedOut).toBeGreaterThan(2)
      await expectUntouched(0)
    },
  )

  test('a prototype as a key is refused by its path', async () => {
    const text = JSON.stringify({ action: 'check', plan: plan('four') }).replace(
      '"version":1',
      '"version":1,"__proto__":{"name":"x"}',
    )
    const response = await send({ function: 'plan', method: 'POST' }, secretKey(), text)
    const { findings } = (await response.json()) as Checked
    expect([response.status, findings[0]?.path]).toEqual([200, '__proto__'])
    await expectUntouched(0)
  })

  test('10 MB are refused before they are read', async () => {
    const text = `{"action":"check","plan":"${'x'.repeat(10_000_000)}"}`
    const response = await send({ function: 'plan', method: 'POST' }, secretKey(), text)
    const { error } = (await response.json()) as Answer['body']
    expect([response.status, error?.code]).toEqual([413, 'body_too_large'])
  })

  test.each([
    ['nested counts', '((((a{1,200}){1,200}){1,200}){1,200}){1,200}'],
    ['nested stars', '^(([a-z]*)*)*$'],
    ['back references', '^(s*o*m*e*)*(b*o*d*y*)*\\1\\2\\1\\2x$'],
    ['a thousand choices', `(${Array.from({ length: 160 }, (_, at) => `a${at}.*`).join('|')})+`],
  ])('a pattern with %s takes bounded time', { timeout: 90_000 }, async (_name, pattern) => {
    const patterned = {
      ...plan('four'),
      entities: [
        {
          source: entity,
          target: 'four.patients',
          rules: [{ rule: 'pattern', column: 'name', pattern, severity: 'reject' }],
        },
      ],
    }
    const began = performance.now()
    for (const what of everyAction(patterned).slice(0, 2)) {
      expect((await call(what, secretKey())).status).toBeLessThan(500)
    }
    expect(performance.now() - began).toBeLessThan(75_000)
  })

  test.each([
    ['no action', { plan: {} }],
    ['an action that is none', { action: 'drop', plan: {} }],
    ['a key too many', { action: 'check', plan: {}, entity }],
    ['no rows', { action: 'preview', plan: {}, entity, rows: 0 }],
    ['too many rows', { action: 'preview', plan: {}, entity, rows: 101 }],
    ['half a row', { action: 'preview', plan: {}, entity, rows: 1.5 }],
    ['values as a word', { action: 'preview', plan: {}, entity, values: 'yes' }],
    ['an address in place of a secret', { action: 'discover', secret: 'postgres://a:b@c/d' }],
  ])('%s: 400', async (_name, body) => {
    const { status } = await call(asked(body), secretKey())
    expect(status).toBe(400)
    await expectUntouched(0)
  })
})

test('no value of a row and no address was printed by the function', () => {
  const printed = project
    .functionLines()
    .map(({ text }) => text)
    .join('\n')
  expect(printed).toContain('"function":"plan"')
  expect(printed).not.toContain('somebody')
  expect(printed).not.toMatch(/postgres(ql)?:\/\//)
})
