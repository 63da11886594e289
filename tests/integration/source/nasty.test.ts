/** Every kind of key and type arrives exactly, in ranges of any size. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { assertExactCopy } from '../../support/oracle.ts'
import { attachServers } from '../../support/project.ts'
import { type Scratch, scratchDatabase } from '../../support/scratch.ts'
import { NASTY } from './nasty-tables.ts'
import { copyAll, prepare } from './whole-copy.ts'

describe('a nasty source', () => {
  const servers = attachServers()
  let source: Scratch
  let target: Scratch

  beforeAll(async () => {
    source = await scratchDatabase(servers.source.url('postgres'))
    await source.sql.unsafe(NASTY).simple()
    const name = source.sql(source.name)
    await source.sql`alter database ${name} set bytea_output = 'escape'`
    await source.sql`alter database ${name} set datestyle = 'SQL, DMY'`
    await source.sql`alter database ${name} set intervalstyle = 'sql_standard'`
    await source.sql`alter database ${name} set extra_float_digits = 0`
  })
  afterAll(() => source?.drop())
  beforeEach(async () => {
    target = await scratchDatabase(servers.target.url('postgres'))
    return () => target.drop()
  })

  it.each([1, 2, 7, 1000])('arrives exactly in ranges of %i rows', async (rows) => {
    await copyAll({ source: source.url, target: target.url, rows })
    const compared = await assertExactCopy({ source: source.url, target: target.url })
    expect(compared.tables).toBeGreaterThan(25)
  })

  it('arrives exactly under another schema, types included', async () => {
    const plan = { rename: { schemas: { public: 'moved to "here"' } } }
    await copyAll({ source: source.url, target: target.url, plan })
    const types = await target.sql`
      select typname from pg_type t join pg_namespace n on n.oid = typnamespace
       where nspname = 'moved to "here"' and typname in ('mood', 'positive', 'pair', 'span', 'span_multirange')`
    expect(types).toHaveLength(5)
    const [counted] =
      await target.sql`select count(*)::int as n from "moved to ""here""".keys_mixed`
    expect(counted?.n).toBe(60)
  })

  it('closes every table that it makes', async () => {
    await copyAll({ source: source.url, target: target.url, plan: { include: ['public.keys_*'] } })
    const open = await target.sql`
      select c.relname from pg_class c
       where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
         and (not c.relrowsecurity or has_table_privilege('anon', c.oid, 'select, insert')
           or has_table_privilege('authenticated', c.oid, 'select, insert'))`
    expect(open).toEqual([])
    const [made] = await target.sql`
      select count(*)::int as n from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'`
    expect(made?.n).toBeGreaterThan(10)
  })

  it('keeps types, collations, keys, generated columns and constant defaults', async () => {
    await copyAll({ source: source.url, target: target.url })
    const shape = `
      select c.relname, a.attname, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull,
        a.attgenerated::text, co.collname, pg_get_expr(d.adbin, d.adrelid) as expression
      from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      left join pg_collation co on co.oid = a.attcollation
      left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
      where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
        and c.relname <> 'keys_citext' and c.relname <> 'keys_mixed'
      order by c.relname, a.attnum`
    const keys = `
      select conrelid::regclass::text as tab, conname, pg_get_constraintdef(oid) from pg_constraint
      where contype = 'p' and connamespace = 'public'::regnamespace
        and not (select relispartition from pg_class where oid = conrelid) order by 1`
    expect(await target.sql.unsafe(shape)).toEqual(await source.sql.unsafe(shape))
    expect(await target.sql.unsafe(keys)).toEqual(await source.sql.unsafe(keys))
  })

  it('refuses targets that hold rows, miss columns or have other types', async () => {
    await target.sql
      .unsafe(`
      create table keys_c (k text primary key); insert into keys_c values ('x');
      create table no_key (a bigint);
      create view keys_uuid as select 1;
      create table keys_numeric (k numeric primary key, must text not null)`)
      .simple()
    const { problems } = await prepare({ source: source.url, target: target.url })
    expect(problems.map(({ code }) => code).sort()).toEqual([
      'target_column_missing',
      'target_column_required',
      'target_not_empty',
      'target_not_table',
      'target_type_differs',
    ])
  })

  it('loads into equal tables that are there already', async () => {
    await copyAll({ source: source.url, target: target.url })
    const tables = await target.sql`
      select format('%I', relname) as name from pg_class
       where relnamespace = 'public'::regnamespace and relkind = 'r'`
    for (const { name } of tables) await target.sql.unsafe(`truncate ${name}`)
    await copyAll({ source: source.url, target: target.url })
    await assertExactCopy({ source: source.url, target: target.url })
  })

  it('names what the source role may not see', async () => {
    await source.sql
      .unsafe(`
      create role blind login password 'blind';
      create table secret (id integer primary key, open text, hidden text);
      grant usage on schema public to blind;
      grant select (id, open) on secret to blind;
      create table guarded (id integer primary key);
      grant select on guarded to blind;
      alter table guarded enable row level security`)
      .simple()
    try {
      const url = new URL(source.url)
      url.username = 'blind'
      url.password = 'blind'
      const plan = { entities: ['public.guarded', 'public.secret'] }
      const { problems } = await prepare({ source: url.href, target: target.url, plan })
      expect(problems.map(({ code, path }) => [code, path])).toEqual([
        ['source_row_security', 'entities[0]'],
        ['source_privilege', 'entities[1]'],
      ])
      expect(problems[1]?.message).toContain('hidden')
      const columns = { source: 'public.secret', columns: ['id', 'open'] }
      const allowed = await prepare({
        source: url.href,
        target: target.url,
        plan: { entities: [columns] },
      })
      expect(allowed.problems).toEqual([])
    } finally {
      await source.sql
        .unsafe('drop table secret, guarded; drop owned by blind; drop role blind')
        .simple()
    }
  })
})
