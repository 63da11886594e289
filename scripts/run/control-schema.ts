/**
 * Puts the control plane into the target: all files in one transaction, so that a failure leaves nothing
 * behind, and with them the record of what was applied.
 */
import type { Sql, TransactionSql } from 'postgres'
import { pinStatement } from '../../shared/projection/settings.ts'
import {
  type ControlFile,
  controlFiles,
  hasApiRoles,
  type LeftOut,
  plainServerStatements,
  reasonToLeaveOut,
  textFor,
} from './control-files.ts'
import { at, refusal } from './failure.ts'
import type { TargetServer } from './server.ts'

const RECORD = `
  create table if not exists migration.applied_files (
    name text primary key, sha256 text not null, applied_at timestamptz not null default now());
  comment on table migration.applied_files is
    'The files that ferry run has applied; they have to be those of the version that goes on.';
  alter table migration.applied_files enable row level security;
  revoke all on migration.applied_files from public`

/** What is there, and what is still to be applied. */
export interface ControlSchema {
  readonly pending: readonly ControlFile[]
  readonly leftOut: readonly LeftOut[]
}

/**
 * Compares what the target has with the files of this version. Writes nothing.
 * @throws FerryError `control_schema_foreign`, `control_schema_changed`, `control_schema_incomplete`,
 *   `target_privilege_missing`
 */
export async function inspectControlSchema(sql: Sql, server: TargetServer): Promise<ControlSchema> {
  const files = await controlFiles()
  const reasons = files.map((file) => ({ file, reason: reasonToLeaveOut(file, server) }))
  const wanted = reasons.flatMap(({ file, reason }) => (reason === undefined ? [file] : []))
  const leftOut = reasons.flatMap(({ file: { name }, reason }) =>
    reason === undefined ? [] : [{ name, reason }],
  )
  if (!server.has_schema) {
    if (!server.may_create) throw mayNotCreate(server)
    return { pending: wanted, leftOut }
  }
  if (!server.has_control) throw foreign()
  if (server.has_record) return { pending: pendingOf(wanted, files, await recordOf(sql)), leftOut }
  await requireCliRecord(sql, server, wanted)
  return { pending: [], leftOut }
}

/** Applies what is pending; nothing pending is no error. */
export async function applyControlSchema(
  sql: Sql,
  server: TargetServer,
  { pending }: ControlSchema,
): Promise<void> {
  if (pending.length === 0) return
  const closing = hasApiRoles(server) ? [] : [await plainServerStatements()]
  const texts = [...pending.map((file) => textFor(file, server)), ...closing]
  await at(
    'target',
    sql.begin(async (tx) => {
      await tx.unsafe(
        pinStatement({ search_path: '', statement_timeout: '0', lock_timeout: '10000' }),
      )
      // Sent without waiting for each answer: the first that fails is the one that is reported.
      await Promise.all(texts.map((text) => tx.unsafe(text)))
      await record(tx, server, pending)
    }),
  )
}

/** In the CLI's own record where there is one, so that a later `db push` finds nothing to do. */
async function record(
  tx: TransactionSql,
  server: TargetServer,
  files: readonly ControlFile[],
): Promise<void> {
  const rows = JSON.stringify(
    files.map(({ name, sha256, version, title }) => ({ name, sha256, version, title })),
  )
  if (server.has_cli_record) {
    await tx`
      insert into supabase_migrations.schema_migrations (version, name)
      select f ->> 'version', f ->> 'title' from jsonb_array_elements(${rows}::text::jsonb) f`
    return
  }
  await tx.unsafe(RECORD)
  await tx`
    insert into migration.applied_files (name, sha256)
    select f ->> 'name', f ->> 'sha256' from jsonb_array_elements(${rows}::text::jsonb) f`
}

async function recordOf(sql: Sql): Promise<ReadonlyMap<string, string>> {
  const rows = await at(
    'target',
    sql<{ name: string; sha256: string }[]>`select name, sha256 from migration.applied_files`,
  )
  return new Map(rows.map(({ name, sha256 }) => [name, sha256]))
}

/** Files behind the last one applied; whatever else differs makes the schema another version's. */
function pendingOf(
  wanted: readonly ControlFile[],
  files: readonly ControlFile[],
  applied: ReadonlyMap<string, string>,
): ControlFile[] {
  const own = new Map(files.map(({ name, sha256 }) => [name, sha256]))
  for (const [name, sha256] of applied) if (own.get(name) !== sha256) throw changed()
  const last = [...applied.keys()].sort().at(-1) ?? ''
  const missing = wanted.filter(({ name }) => !applied.has(name))
  // What a server could not take at first, it is not given later.
  const optional = new Set(['extensions', 'schedule', 'policies', 'grants'])
  const required = missing.filter(({ title }) => !optional.has(title))
  if (required.some(({ name }) => name < last)) throw changed()
  return required
}

async function requireCliRecord(
  sql: Sql,
  server: TargetServer,
  files: readonly ControlFile[],
): Promise<void> {
  if (!server.has_cli_record) throw changed()
  const rows = await at(
    'target',
    sql<{ version: string }[]>`select version::text from supabase_migrations.schema_migrations`,
  )
  const applied = new Set(rows.map(({ version }) => version))
  if (files.every(({ version }) => applied.has(version))) return
  throw refusal(
    'control_schema_incomplete',
    'The control schema of this project lacks migrations of this version.',
    'Apply them: supabase db push (or supabase migration up).',
  )
}

function changed() {
  return refusal(
    'control_schema_changed',
    'The target holds the control schema of another version of Supaferry.',
    "Go on with that version, or remove it with its migrations' records: ferry run --forget --target URL.",
  )
}

function foreign() {
  return refusal(
    'control_schema_foreign',
    'The target has a schema named "migration" that Supaferry did not make.',
    'Rename it, or choose another target database.',
  )
}

function mayNotCreate({ database }: TargetServer) {
  return refusal(
    'target_privilege_missing',
    'The role may not create schemas in the target database.',
    `As its owner: grant create on database "${database.replaceAll('"', '""')}" to the role, or use another role.`,
  )
}
