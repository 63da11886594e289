/**
 * Who may do what with the control plane, table by table and verb by verb, as the catalog has it: no list
 * that a new table could be missing from.
 */
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { testProject } from '../support/project.ts'
import { begin, ends, type Stage } from './canary-acts.ts'

const { project, targetUrl, sourceUrl } = await testProject({ faults: {} })
const open = (url: string) => postgres(url, { max: 1, onnotice: () => undefined })
const source = open(sourceUrl)
const sql = open(targetUrl)
const stage: Stage = { project, source, target: sql, answers: [], printed: [] }
afterAll(() => Promise.all([source.end(), sql.end()]))

/** For the owner alone. */
const CLOSED = ['audit_head', 'before_images', 'dispatches']
/** With a row in each of them. */
const FILLED = [
  'map_entities',
  'loads',
  'id_map',
  'mappings',
  'dead_letters',
  'dead_letter_summary',
]

interface Relation {
  readonly name: string
  readonly kind: string
}
let relations: readonly Relation[]

beforeAll(async () => {
  await source.unsafe(`create table parents (id integer primary key, name text);
    insert into parents select n, 'n' || n from generate_series(1, 10) n;
    create table children (id integer primary key, parent integer references parents, name text);
    insert into children select n, n, 'n' || n from generate_series(1, 10) n;
    grant select on parents, children to public`)
  await sql.unsafe(`create schema new; create table new.parents (id uuid primary key, name text);
    insert into new.parents select gen_random_uuid(), 'nobody'`)
  const entity = (name: string, more: object = {}) => ({
    source: `public.${name}`,
    id: { strategy: 'uuid' },
    ...more,
  })
  const rule = { rule: 'pattern', column: 'name', pattern: '^n[^3]', severity: 'reject' }
  const id = await begin(stage, {
    version: 1,
    name: 'access',
    source: { secret: 'LEGACY_DATABASE_URL', system: 'access' },
    rename: { schemas: { public: 'new' } },
    entities: [entity('parents', { conflict: 'update', rules: [rule] }), entity('children')],
  })
  const ended = await ends(stage, id)
  expect(ended).toBe('completed')
  const [load] = await sql<{ id: number }[]>`select id from migration.loads limit 1`
  await sql`insert into migration.before_images (load_id, source_key, target_table, image, taken_at)
    values (${load!.id}, '1', 'new.parents', '(1,before)', now())`
  relations = await sql<Relation[]>`
    select c.relname::text as name, c.relkind::text as kind from pg_class c
     where c.relnamespace = 'migration'::regnamespace and c.relkind in ('r', 'p', 'v', 'm')
       and not c.relispartition order by 1`
}, 120_000)

/** What comes of a statement as somebody: rows, or an SQLSTATE. Nothing of it stays. */
async function as(
  role: string,
  roles: readonly string[] | null,
  statement: string,
): Promise<number | string> {
  let answer: number | string = ''
  const back = new Error('taken back')
  await sql
    .begin(async (tx) => {
      if (roles !== null) {
        const claims = { app_metadata: { roles }, user_metadata: { roles: ['migration_admin'] } }
        await tx`select set_config('request.jwt.claims', ${JSON.stringify(claims)}, true)`
      }
      await tx.unsafe(`set local role ${role}`)
      answer = (await tx.unsafe(statement)).count
      throw back
    })
    .catch((error: unknown) => {
      if (error !== back) answer = (error as { code: string }).code
    })
  return answer
}

const DENIED = '42501'
const full = (name: string) => `migration.${name}`

describe('reading', () => {
  test('covers the tables and views of mapped entities', () => {
    const names = relations.map(({ name }) => name)
    for (const name of [...FILLED, ...CLOSED, 'entity_dependencies', 'entity_mappings', 'errors']) {
      expect(names).toContain(name)
    }
  })

  test('nobody but the owner reads before-images', async () => {
    const statement = 'select image from migration.before_images'
    expect(await as('postgres', null, statement)).toBe(1)
    for (const role of ['anon', 'authenticated', 'service_role', 'authenticator']) {
      expect([role, await as(role, ['migration_admin'], statement)]).toEqual([role, DENIED])
    }
  })

  test('anon has nothing', async () => {
    for (const { name } of relations) {
      const answer = await as('anon', ['migration_admin'], `select from ${full(name)}`)
      expect([name, answer]).toEqual([name, DENIED])
    }
  })

  test('a user without a role sees no row, an analyst every row', async () => {
    for (const { name } of relations) {
      const statement = `select from ${full(name)}`
      const rows = await as('postgres', null, statement)
      const seen = [
        await as('authenticated', [], statement),
        await as('authenticated', ['migration_analyst'], statement),
      ]
      const expected = CLOSED.includes(name) ? [DENIED, DENIED] : [0, rows]
      expect([name, seen]).toEqual([name, expected])
      if (FILLED.includes(name)) expect([name, Number(rows) > 0]).toEqual([name, true])
    }
  })
})

describe('writing', () => {
  test('nobody inserts, updates, deletes or truncates, with any role', {
    timeout: 60_000,
  }, async () => {
    for (const { name, kind } of relations) {
      const [column] = await sql<{ text: string }[]>`
        select quote_ident(attname) as text from pg_attribute
         where attrelid = ${full(name)}::regclass and attnum > 0 and attidentity = '' and attgenerated = ''
         order by attnum limit 1`
      const verbs = [
        `insert into ${full(name)} default values`,
        `update ${full(name)} set ${column!.text} = null`,
        `delete from ${full(name)}`,
        ...(kind === 'v' ? [] : [`truncate ${full(name)}`]),
      ]
      for (const role of ['anon', 'authenticated', 'service_role']) {
        for (const verb of verbs) {
          const answer = await as(role, ['migration_admin', 'migration_analyst'], verb)
          // No one's views take rows that are made of several tables.
          const refusals = kind === 'v' ? [DENIED, '55000'] : [DENIED]
          expect([role, verb, refusals.includes(String(answer))]).toEqual([role, verb, true])
        }
      }
    }
  })
})

test("functions are the owner's, but for the two that policies and views need", async () => {
  const callable = await sql<{ text: string }[]>`
    select r.name || ' ' || p.proname as text
      from pg_proc p
     cross join unnest(array['anon', 'authenticated', 'service_role', 'authenticator']) r(name)
     where p.pronamespace = 'migration'::regnamespace and has_function_privilege(r.name, p.oid, 'execute')
     order by 1`
  expect(callable.map(({ text }) => text)).toEqual([
    'authenticated clock',
    'authenticated is_reader',
    'service_role clock',
    'service_role is_reader',
  ])
  const definers = await sql`
    select from pg_proc p where p.pronamespace = 'migration'::regnamespace and p.prosecdef`
  expect(definers.count).toBe(0)
})

test('the log is silent for a transaction, and only where the role may say so', async () => {
  const level = async () =>
    (await sql<{ level: string }[]>`select current_setting('log_min_messages') as level`)[0]!.level
  const silenced = (role: string) =>
    sql.begin(async (tx) => {
      await tx.unsafe(`set local role ${role}`)
      await tx`select migration.silence_log()`
      return (
        await tx<{ level: string }[]>`select current_setting('log_min_messages') as level`
      )[0]!.level
    })
  await sql`create role loud_owner nologin`
  await sql`grant loud_owner to postgres`
  await sql`grant usage on schema migration to loud_owner`
  await sql`grant execute on function migration.silence_log() to loud_owner`
  try {
    expect(await silenced('loud_owner')).toBe('warning')
    expect(await silenced('postgres')).toBe('panic')
    expect(await level()).toBe('warning')
  } finally {
    await sql`drop owned by loud_owner`
    await sql`drop role loud_owner`
  }
})
