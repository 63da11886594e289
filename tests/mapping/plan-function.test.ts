/** What the function `plan` says before anything is moved: a draft, every finding at once, a version that is kept. */
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { testProject } from '../support/project.ts'

const { project, targetUrl, sourceUrl } = await testProject()
const open = (url: string) => postgres(url, { max: 1, onnotice: () => undefined })
const source = open(sourceUrl)
const target = open(targetUrl)
afterAll(() => Promise.all([source.end(), target.end()]))

interface Finding {
  readonly severity: string
  readonly code: string
  readonly path: string
}

async function ask<T>(body: object): Promise<{ status: number; answer: T }> {
  const response = await fetch(`${project.url}/functions/v1/plan`, {
    method: 'POST',
    headers: { apikey: project.keys.secret, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return { status: response.status, answer: (await response.json()) as T }
}

beforeAll(async () => {
  await source`create table public.people (id integer primary key, email text unique, name text)`
  await source`create table public.codes (code text primary key)`
  await source`create table public.pairs (a integer, b integer, primary key (a, b))`
  await source`create table public.loose (body text)`
  await source`create table public.visits (id integer primary key,
    person integer references public.people (id), email text references public.people (email))`
  await source`create table public.django_migrations (id integer primary key)`
  await source`grant select on all tables in schema public to public`
})

const plan = (more: object = {}) => ({
  version: 1,
  name: 'people',
  source: { secret: 'LEGACY_DATABASE_URL', system: 'people' },
  rename: { schemas: { public: 'fresh' } },
  entities: [{ source: 'public.people', id: { strategy: 'uuid' } }],
  ...more,
})

describe('discover', () => {
  const secret = 'LEGACY_DATABASE_URL'

  test('drafts a plan that can be checked, and tells what it guessed', async () => {
    type Draft = { plan: object; notes: Finding[]; tables: { name: string }[] }
    const { status, answer } = await ask<Draft>({ action: 'discover', secret, ids: 'uuid' })
    expect(status).toBe(200)
    const database = new URL(sourceUrl).pathname.slice(1)
    expect(answer.plan).toMatchObject({
      ids: 'uuid',
      source: { secret, schemas: ['public'], system: database },
      entities: '*',
      exclude: ['public.django_migrations'],
    })
    const codes = answer.notes.map(({ code }) => code)
    expect(codes.filter((code) => /^(system|ids)_/.test(code)).toSorted()).toEqual([
      'ids_key_kept',
      'ids_key_kept',
      'ids_reference_kept',
      'ids_without_key',
      'system_guessed',
    ])
    expect(answer.tables.map(({ name }) => name)).toContain('public.visits')
    const checked = await ask<{ findings: Finding[]; entities: number }>({
      action: 'check',
      plan: { ...answer.plan, rename: { schemas: { public: 'fresh' } } },
    })
    expect(checked.answer.entities).toBe(5)
    expect(checked.answer.findings.filter(({ severity }) => severity === 'problem')).toEqual([])
  })

  test('proposes how each table is kept in step, where it is asked', async () => {
    type Draft = { plan: { sync: object; entities: object[] }; notes: Finding[] }
    const { status, answer } = await ask<Draft>({ action: 'discover', secret, sync: true })
    expect(status).toBe(200)
    expect(answer.plan.entities).toEqual([
      { source: 'public.codes', sync: { strategy: 'xmin' } },
      'public.loose',
      { source: 'public.pairs', sync: { strategy: 'xmin' } },
      { source: 'public.people', sync: { strategy: 'xmin' } },
      { source: 'public.visits', sync: { strategy: 'xmin' } },
    ])
    expect(answer.notes.map(({ code }) => code)).toContain('sync_defaults')
    const checked = await ask<{ findings: Finding[] }>({
      action: 'check',
      plan: { ...answer.plan, rename: { schemas: { public: 'fresh' } } },
    })
    const problems = checked.answer.findings.filter(({ severity }) => severity === 'problem')
    expect(problems).toEqual([])
  })

  test('without ids drafts what it always did', async () => {
    const { answer } = await ask<{ plan: { ids?: string; name: string; source: object } }>({
      action: 'discover',
      secret,
      schemas: ['public'],
      name: 'the/clinic',
    })
    expect(answer.plan.ids).toBeUndefined()
    expect(answer.plan.name).toBe('the-clinic')
    expect(answer.plan.source).not.toHaveProperty('system')
  })

  test('refuses a secret that is not there and names of the platform', async () => {
    for (const name of ['NOWHERE', 'SUPABASE_DB_URL']) {
      const { status, answer } = await ask<{ error: { code: string } }>({
        action: 'discover',
        secret: name,
      })
      expect([status, answer.error.code]).toEqual([400, 'secret_unknown'])
    }
  })
})

test('check finds what is wrong with the plan, the source and the target at once, and answers 200', async () => {
  await target`create schema taken`
  await target`create table taken.codes (code integer primary key, surplus text not null)`
  const { status, answer } = await ask<{ findings: Finding[]; entities: number }>({
    action: 'check',
    plan: plan({
      entities: [
        { source: 'public.codes', target: 'taken.codes' },
        { source: 'public.people', columns: { id: 'id', born: 'birthday' } },
        { source: 'public.loose', rules: [{ rule: 'pattern', column: 'body', pattern: '(' }] },
        'public.nope',
      ],
    }),
  })
  const problems = answer.findings.filter(({ severity }) => severity === 'problem')
  expect(status).toBe(200)
  expect(answer.entities).toBe(3)
  const codes = problems.map(({ code, path }) => `${code} ${path}`)
  expect(codes).toEqual(
    expect.arrayContaining([
      'table_unknown entities[3]',
      'rule_pattern_invalid entities[2].rules[0].pattern',
      'column_unknown entities[1].columns.born',
    ]),
  )
  expect(codes.filter((code) => /^target_.* entities\[0\]$/.test(code)).length).toBeGreaterThan(0)
  const unread = await ask<typeof answer>({ action: 'check', plan: { version: 2 } })
  expect([unread.status, unread.answer.entities]).toEqual([200, 0])
  expect(unread.answer.findings.length).toBeGreaterThan(2)
})

test('save keeps a version of each mapping, and the last one saved is active', async () => {
  const versions = async () =>
    [
      ...(await target<{ version: string; is_active: boolean }[]>`
        select version, is_active from migration.entity_mappings order by created_at`),
    ].map((row) => ({ ...row }))
  const one = await ask<{ version: string; saved: number }>({ action: 'save', plan: plan() })
  expect([one.status, one.answer.saved]).toEqual([200, 1])
  const changed = plan({ settings: { lanes: 1 } })
  const two = await ask<{ version: string; saved: number }>({ action: 'save', plan: changed })
  const [first, second] = [one.answer.version, two.answer.version]
  expect(first).not.toBe(second)
  expect(await versions()).toEqual([
    { version: first, is_active: false },
    { version: second, is_active: true },
  ])
  await ask({ action: 'save', plan: plan() })
  expect(await versions()).toEqual([
    { version: first, is_active: true },
    { version: second, is_active: false },
  ])
  const refused = await ask<{ error: { code: string } }>({
    action: 'save',
    plan: plan({ entities: ['public.nope'] }),
  })
  expect([refused.status, refused.answer.error.code]).toEqual([400, 'table_unknown'])
  const entries = await target<{ actor: string; details: object }[]>`
    select actor, details from migration.audit_log where action = 'plan.saved' order by id`
  expect(entries.map(({ actor }) => actor)).toEqual(Array(3).fill('secret:default'))
  expect(entries[0]?.details).toEqual({ version: first, mappings: 1 })
  const [moved] = await target`select count(*)::integer as n from migration.orchestrations`
  expect(moved).toEqual({ n: 0 })
})
