/** House rules over the live catalog of a migrated database: one query per rule. */
import type postgres from 'postgres'

interface Rule {
  readonly rule: string
  /** Answers one text per object that breaks the rule. */
  readonly query: string
}

const inSchema = `'migration'::regnamespace`

const rules: readonly Rule[] = [
  {
    rule: 'a function pins its search_path',
    query: `
      select p.oid::regprocedure::text from pg_proc p
      where p.pronamespace = ${inSchema} and not exists (
        select from unnest(p.proconfig) setting where setting like 'search\\_path=%')`,
  },
  {
    rule: 'a function that others call has a comment',
    query: `
      select p.oid::regprocedure::text from pg_proc p
      where p.pronamespace = ${inSchema} and p.proname not like '\\_%'
        and obj_description(p.oid, 'pg_proc') is null`,
  },
  {
    rule: 'a table, view or type has a comment',
    query: `
      select c.oid::regclass::text from pg_class c
      where c.relnamespace = ${inSchema} and c.relkind in ('r', 'p', 'v', 'm')
        and not c.relispartition and obj_description(c.oid, 'pg_class') is null
      union all
      select t.oid::regtype::text from pg_type t
      where t.typnamespace = ${inSchema} and t.typtype in ('e', 'd')
        and obj_description(t.oid, 'pg_type') is null`,
  },
  {
    rule: 'a table has row level security',
    query: `
      select c.oid::regclass::text from pg_class c
      where c.relnamespace = ${inSchema} and c.relkind in ('r', 'p') and not c.relrowsecurity`,
  },
  {
    rule: 'a view runs with the rights of its reader',
    query: `
      select c.oid::regclass::text from pg_class c
      where c.relnamespace = ${inSchema} and c.relkind = 'v'
        and not coalesce('security_invoker=true' = any (c.reloptions), false)`,
  },
  {
    rule: 'nothing is granted to everybody or to anon',
    query: `
      select format('%s to %s on %s', a.privilege_type, a.grantee_name, a.name) from (
        select c.oid::regclass::text as name, x.privilege_type,
               case x.grantee when 0 then 'public' else x.grantee::regrole::text end grantee_name
        from pg_class c, aclexplode(c.relacl) x where c.relnamespace = ${inSchema}
        union all
        select p.oid::regprocedure::text, x.privilege_type,
               case x.grantee when 0 then 'public' else x.grantee::regrole::text end
        from pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) x
        where p.pronamespace = ${inSchema}
      ) a
      where a.grantee_name in ('public', 'anon')`,
  },
  {
    rule: 'a constraint is valid',
    query: `
      select format('%s on %s', c.conname, c.conrelid::regclass) from pg_constraint c
      where c.connamespace = ${inSchema} and not c.convalidated`,
  },
]

/** One line per object that breaks a rule. */
export async function catalogProblems(sql: postgres.Sql): Promise<string[]> {
  const [there] = await sql`
    select count(*)::int as tables from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'migration' and c.relkind in ('r', 'p')`
  if (!there?.tables) return ['the schema "migration" holds no table: was the database migrated?']
  const problems: string[] = []
  for (const { rule, query } of rules) {
    const rows = await sql.unsafe(query).values()
    for (const [object] of rows) problems.push(`${rule}: ${object}`)
  }
  return problems
}
