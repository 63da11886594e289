/** What the target server is and what the role may do there: one look, before anything is written. */
import type { Sql } from 'postgres'
import { FerryError } from '../../shared/platform/errors.ts'
import { at } from './failure.ts'

export interface TargetServer {
  /** As `server_version_num`. */
  readonly release: number
  readonly database: string
  readonly may_create: boolean
  readonly in_recovery: boolean
  /** Of the roles of a hosted project's API, those that exist. */
  readonly api_roles: readonly string[]
  /** Of pg_cron and pg_net, those that could be created. */
  readonly extensions: readonly string[]
  readonly has_extensions_schema: boolean
  /** Whether there is a schema `migration`, whosever it is. */
  readonly has_schema: boolean
  /** Whether it holds the table that only Supaferry makes. */
  readonly has_control: boolean
  /** Whether `ferry run` made it and wrote down what it applied. */
  readonly has_record: boolean
  /** Whether the Supabase CLI keeps a record in this database. */
  readonly has_cli_record: boolean
}

const OLDEST_RELEASE = 140_000

/** @throws FerryError `target_unreachable`, `target_login_refused`, …, `target_release_unsupported`, `target_read_only` */
export async function inspectTarget(sql: Sql): Promise<TargetServer> {
  // Apart from the rest, which an old server might not even understand.
  const [version] = await at(
    'target',
    sql<{ release: number }[]>`
      select pg_catalog.current_setting('server_version_num')::integer as release`,
  )
  if (!version || version.release < OLDEST_RELEASE) throw tooOld(version?.release ?? 0)
  const [server] = await at(
    'target',
    sql<TargetServer[]>`
    with relations as (
      select n.nspname::text || '.' || c.relname::text as name
        from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
       where (n.nspname, c.relname) in (('migration', 'orchestrations'), ('migration', 'applied_files'),
                                        ('supabase_migrations', 'schema_migrations')))
    select pg_catalog.current_setting('server_version_num')::integer as release,
           pg_catalog.current_database()::text as database,
           pg_catalog.has_database_privilege(pg_catalog.current_database(), 'create') as may_create,
           pg_catalog.pg_is_in_recovery() as in_recovery,
           (select coalesce(json_agg(rolname), '[]') from pg_catalog.pg_roles
             where rolname in ('anon', 'authenticated', 'service_role')) as api_roles,
           (select coalesce(json_agg(name), '[]') from pg_catalog.pg_available_extensions
             where name in ('pg_cron', 'pg_net')) as extensions,
           exists (select from pg_catalog.pg_namespace where nspname = 'extensions') as has_extensions_schema,
           exists (select from pg_catalog.pg_namespace where nspname = 'migration') as has_schema,
           'migration.orchestrations' in (select name from relations) as has_control,
           'migration.applied_files' in (select name from relations) as has_record,
           'supabase_migrations.schema_migrations' in (select name from relations) as has_cli_record`,
  )
  if (!server) throw new Error('The look at the target server answered nothing.')
  if (server.in_recovery) throw standby()
  return server
}

function tooOld(release: number): FerryError {
  return new FerryError({
    code: 'target_release_unsupported',
    message: 'The target server is older than PostgreSQL 14.',
    hint: 'Upgrade it, or choose a newer server as the target.',
    status: 422,
    context: { server_version: release },
  })
}

function standby(): FerryError {
  return new FerryError({
    code: 'target_read_only',
    message: 'The target server is a standby and accepts reads only.',
    hint: 'Give the address of its primary.',
    status: 422,
  })
}
