/** Where the tests of the test support run: the servers of the test run, without a project. */
import { randomBytes } from 'node:crypto'
import postgres, { type Sql } from 'postgres'
import { cloneDatabase, dropDatabase, type Server } from '../../../scripts/local/index.ts'
import { attachServers } from '../../support/project.ts'
import { TEMPLATE } from '../../support/servers.ts'

/** The legacy server, as its superuser. */
export async function plainServer(): Promise<string> {
  return attachServers().source.url('postgres')
}

export interface ControlPlane {
  readonly url: string
  readonly sql: Sql
  /** A copy of the database as it is now. */
  clone(): Promise<ControlPlane>
  /** Changes a control table past its guards and constraints. */
  tamper(change: string): Promise<void>
  drop(): Promise<void>
}

/** A database of its own with all migrations applied. */
export async function controlPlane(template: string = TEMPLATE): Promise<ControlPlane> {
  const server = attachServers().target
  const name = `books_${randomBytes(5).toString('hex')}`
  await cloneDatabase(server, template, name)
  const connect = () => postgres(server.url(name), { max: 1, onnotice: () => undefined })
  let sql = connect()
  return {
    url: server.url(name),
    get sql() {
      return sql
    },
    async clone() {
      // A database that is cloned may have no visitor.
      await sql.end()
      const copy = await controlPlane(name)
      sql = connect()
      return copy
    },
    tamper: (change) => tamper(server, name, change),
    async drop() {
      await sql.end({ timeout: 1 })
      await dropDatabase(server, name)
    },
  }
}

const DROP_CHECKS = `do $$
  declare v_check record;
  begin
    for v_check in
      select conrelid::regclass as tab, conname from pg_constraint
       where contype = 'c' and connamespace = 'migration'::regnamespace
         and conparentid = 0 and coninhcount = 0
    loop
      execute format('alter table %s drop constraint %I', v_check.tab, v_check.conname);
    end loop;
  end $$`

async function tamper(server: Server, name: string, change: string): Promise<void> {
  const admin = postgres(server.url(name, server.superuser), { max: 1, onnotice: () => undefined })
  try {
    await admin.begin(async (t) => {
      await t`set local session_replication_role = replica`
      await t.unsafe(DROP_CHECKS)
      await t.unsafe(change)
    })
  } finally {
    await admin.end()
  }
}
