/** Removes the control schema from a target; the rows that were moved stay. */
import type { Sql } from 'postgres'
import { openTarget } from '../../shared/target/connect.ts'
import { controlFiles } from './control-files.ts'
import { at, refusal } from './failure.ts'
import { forgetFunctions } from './functions.ts'
import { inspectTarget } from './server.ts'

export interface Forgotten {
  readonly database: string
  /** False where there was nothing to remove. */
  readonly removed: boolean
  /** How many migrations were on record, and of those how many had not ended. */
  readonly migrations: number
  readonly unfinished: number
  /** Replication slots that the migrations have left at their sources. */
  readonly slots: readonly string[]
}

/**
 * @param force also where a migration has not ended: its batches at work are cut off and roll back
 * @throws FerryError `migration_unfinished`, `control_schema_foreign`; `target_unreachable` and its like
 */
export async function forget(address: string, force: boolean): Promise<Forgotten> {
  const sql = openTarget(address)
  try {
    const { database, has_schema, has_control, has_cli_record } = await inspectTarget(sql)
    if (!has_schema) {
      forgetFunctions(address)
      return { database, removed: false, migrations: 0, unfinished: 0, slots: [] }
    }
    if (!has_control) throw foreign()
    const counts = await at('target', countMigrations(sql))
    if (counts.unfinished > 0 && !force) throw stillUnfinished(counts.unfinished)
    const slots = await at('target', listSlots(sql))
    await at('target', remove(sql, has_cli_record))
    forgetFunctions(address)
    return { database, removed: true, ...counts, slots }
  } finally {
    await sql.end({ timeout: 1 })
  }
}

async function countMigrations(sql: Sql): Promise<{ migrations: number; unfinished: number }> {
  const [row] = await sql<{ migrations: number; unfinished: number }[]>`
    select count(*)::integer as migrations,
           (count(*) filter (where status in ('pending', 'running')))::integer as unfinished
      from migration.orchestrations where parent_id is null`
  return row ?? { migrations: 0, unfinished: 0 }
}

/** A control schema of an earlier release has no table of them. */
async function listSlots(sql: Sql): Promise<string[]> {
  const [books] = await sql<{ there: boolean }[]>`
    select to_regclass('migration.source_slots') is not null as there`
  if (!books?.there) return []
  const rows = await sql<{ slot_name: string }[]>`select slot_name from migration.source_slots`
  return rows.map(({ slot_name }) => slot_name)
}

async function remove(sql: Sql, hasCliRecord: boolean): Promise<void> {
  const versions = JSON.stringify((await controlFiles()).map(({ version }) => version))
  await sql.begin(async (tx) => {
    await tx`set local lock_timeout = '30s'`
    await tx`set local statement_timeout = 0`
    // Whoever still writes into the schema would keep it from being dropped.
    await tx`
      select pg_catalog.pg_terminate_backend(d.holder_pid) from migration.dispatches d
       where d.finished_at is null and migration._backend_lives(d.holder_pid, d.holder_started_at)`
    await tx.unsafe(UNSCHEDULE)
    await tx`drop schema migration cascade`
    if (hasCliRecord) {
      await tx`
        delete from supabase_migrations.schema_migrations
         where version in (select jsonb_array_elements_text(${versions}::text::jsonb))`
    }
  })
}

const UNSCHEDULE = `
  do $$
  begin
    if to_regclass('cron.job') is not null then
      perform cron.unschedule(j.jobname) from cron.job j where j.jobname like 'supaferry-%';
    end if;
  end
  $$`

function stillUnfinished(count: number) {
  return refusal(
    'migration_unfinished',
    `${count === 1 ? 'A migration has' : `${count} migrations have`} not ended: without the control schema it cannot be taken up again.`,
    'Let it end, or say --force as well.',
  )
}

function foreign() {
  return refusal(
    'control_schema_foreign',
    'The schema named "migration" is not one that Supaferry made.',
    'Nothing was removed.',
  )
}
