/** Roles, privileges and timeouts of a hosted project, as migrations and functions meet them. */
import { describe, expect, it } from 'vitest'
import { openSubject, uniqueName } from './subject.ts'

const { sql } = await openSubject()

describe('the role postgres', () => {
  it('is no superuser, and may do what a hosted one may', async () => {
    const [role] = await sql`
      select rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls
        from pg_roles where rolname = current_user`
    expect(role).toEqual({
      rolsuper: false,
      rolcreatedb: true,
      rolcreaterole: true,
      rolreplication: true,
      rolbypassrls: true,
    })
    const rows = await sql`
      select r as role from unnest('{anon,authenticated,service_role,authenticator,pg_monitor,
        pg_read_all_data,pg_signal_backend}'::text[]) r
       where not pg_has_role('postgres', r, 'member')`
    expect(rows).toHaveLength(0)
  })

  it('may switch triggers off and make a publication', async () => {
    await sql.begin(async (tx) => {
      await tx`set local session_replication_role = replica`
      expect(await tx`show session_replication_role`).toEqual([
        { session_replication_role: 'replica' },
      ])
    })
    const name = uniqueName('conformance')
    await sql`create publication ${sql(name)}`
    await sql`drop publication ${sql(name)}`
  })

  it('may not run programs or read files of the server', async () => {
    const table = uniqueName('conformance')
    await sql`create table public.${sql(table)} (line text)`
    for (const command of ["program 'id'", "'/etc/passwd'"]) {
      await expect(sql.unsafe(`copy public.${table} from ${command}`)).rejects.toMatchObject({
        code: '42501',
      })
    }
    await sql`drop table public.${sql(table)}`
  })
})

describe('a new table in public', () => {
  it('is granted to nobody', async () => {
    const table = uniqueName('conformance')
    await sql`create table public.${sql(table)} (id int)`
    const rows = await sql`
      select r as role from unnest('{anon,authenticated,service_role}'::text[]) r
       where has_table_privilege(r, ${`public.${table}`}, 'select,insert,update,delete')`
    expect(rows).toHaveLength(0)
    await sql`drop table public.${sql(table)}`
  })
})

describe('statement timeouts', () => {
  it('are two minutes for the database and seconds for the roles of the API', async () => {
    expect(await sql`show statement_timeout`).toEqual([{ statement_timeout: '2min' }])
    const rows = await sql<{ setting: string }[]>`
      select rolname || ' ' || setting as setting from pg_roles, unnest(rolconfig) setting
       where rolname in ('anon', 'authenticated', 'authenticator')
         and setting like 'statement_timeout=%' order by 1`
    expect(rows.map((row) => row.setting)).toEqual([
      'anon statement_timeout=3s',
      'authenticated statement_timeout=8s',
      'authenticator statement_timeout=8s',
    ])
  })
})

describe('claims of a request', () => {
  it('are what the functions of auth say', async () => {
    const [row] = await sql.begin(async (tx) => {
      const claims = { sub: '00000000-0000-4000-8000-000000000001', role: 'authenticated' }
      await tx`select set_config('request.jwt.claims', ${JSON.stringify(claims)}, true)`
      await tx`set local role authenticated`
      return await tx`select auth.uid() as id, auth.role() as role, auth.jwt() as claims`
    })
    expect(row).toEqual({
      id: '00000000-0000-4000-8000-000000000001',
      role: 'authenticated',
      claims: { sub: '00000000-0000-4000-8000-000000000001', role: 'authenticated' },
    })
  })
})
