/**
 * The only caller of the control plane's SQL. Every function here is one SQL function of schema
 * `migration`, called with named arguments; the state machine itself lives in the database.
 *
 * All of them raise a `FerryError`: the control plane's own refusals carry its code (`fenced`,
 * `nonce_invalid`, `migration_unknown`, `transition_illegal`, …), anything else what `classify` makes of it.
 */
import type { Sql, TransactionSql } from 'postgres'
import type { CompiledEntity } from '../projection/entity.ts'
import { askAll, askOne } from './ask.ts'
import type { CutoverTask, SweepTask, VerificationTask, WorkKind } from './task.ts'

/** A batch as its holder sees it. Keys are arrays of server text; `[]` is the beginning. */
export interface ClaimedBatch {
  readonly migration_id: string
  readonly batch_id: string
  readonly attempt: number
  readonly kind: WorkKind
  /** What a batch of kind verify looks at; '' otherwise. */
  readonly check_name: '' | 'rows' | 'schema' | 'queries'
  /** Settings of the verification, sweep or cut-over that the batch belongs to. */
  readonly task: VerificationTask & SweepTask & CutoverTask
  readonly entity_status_id: string
  readonly entity_name: string
  readonly batch_number: number
  readonly range_after: readonly string[]
  readonly range_through: readonly string[] | null
  /** Rows that this holder may carve off. */
  readonly row_limit: number
  /** Milliseconds until the lease ends, counted from the claim on the database's clock. */
  readonly lease_ms: number
  readonly definition: CompiledEntity
  /** Name of the function secret or Vault secret that holds the source's address. */
  readonly source_secret: string
}

/** What a repair is to put right. */
export interface RepairFinding {
  readonly kind: 'missing' | 'extra' | 'changed' | 'duplicates' | 'range'
  readonly row_key: readonly string[] | null
  readonly range_after: readonly string[] | null
  readonly range_through: readonly string[] | null
  readonly detail: Readonly<Record<string, unknown>>
}

/** What a check found out; `shared/verification` tells the shapes. */
export interface CheckOutcome {
  readonly results: readonly object[]
  readonly findings: readonly object[]
}

export interface BatchCounts {
  readonly read: number
  readonly loaded: number
  readonly failed: number
  readonly filtered: number
  readonly bytes: number
  /** Milliseconds in which the target would not take more. */
  readonly waited_ms: number
}

export const noRows: BatchCounts = {
  read: 0,
  loaded: 0,
  failed: 0,
  filtered: 0,
  bytes: 0,
  waited_ms: 0,
}

export interface BatchFailure {
  readonly kind: string
  readonly code: string
  readonly sqlstate: string | null
  readonly message: string
  readonly retryable: boolean
}

export interface VerbAnswer {
  readonly migration_id: string
  readonly status: string
  readonly control_state: string
  /** The pass that a verification or repair has begun. */
  readonly verification_id?: string
}

export interface AuditEntry {
  readonly actor: string
  readonly action: string
  readonly outcome: 'ok' | 'refused' | 'failed'
  readonly migration_id?: string
  readonly details?: Readonly<Record<string, string | number | boolean | null>>
}

type Verb = 'pause' | 'resume' | 'cancel' | 'retry' | 'repair'

export type Control = ReturnType<typeof control>

/** What names a held batch in every write. */
export type Held = Pick<ClaimedBatch, 'migration_id' | 'batch_id' | 'attempt'>

/** Binds the control plane to a connection; batch functions must all use the one that claimed. */
export function control(sql: Sql | TransactionSql) {
  const verb = async (name: Verb, id: string, actor: string): Promise<VerbAnswer> => {
    const row = await askOne<{ answer: VerbAnswer }>(
      sql`select migration.${sql(name)}(p_migration_id => ${id}, p_actor => ${actor}) as answer`,
    )
    return row.answer
  }
  return {
    /** Spends a nonce; null for a duplicate or one lane too many. @throws `nonce_invalid` */
    async acceptDispatch(migrationId: string, nonce: string): Promise<string | null> {
      const row = await askOne<{ id: string | null }>(
        sql`select migration.accept_dispatch(p_migration_id => ${migrationId}, p_nonce => ${nonce}) as id`,
      )
      return row.id
    },
    /** The next batch for this connection, or undefined where there is nothing to do. */
    async claimBatch(migrationId: string, dispatchId: string): Promise<ClaimedBatch | undefined> {
      const row = await askOne<Omit<ClaimedBatch, 'migration_id'> | undefined>(
        sql`select * from migration.claim_batch(p_migration_id => ${migrationId}, p_dispatch_id => ${dispatchId})`,
      )
      return row && { ...row, migration_id: migrationId }
    },
    /** Fixes the upper key and queues what lies behind it. @throws `fenced` */
    async carveBatch(batch: Held, through: readonly string[], more: boolean): Promise<void> {
      await askOne(sql`select migration.carve_batch(
        p_migration_id => ${batch.migration_id}, p_batch_id => ${batch.batch_id}, p_attempt => ${batch.attempt},
        p_through => ${JSON.stringify(through)}::text::jsonb, p_more => ${more})`)
    },
    /** Takes the fence inside an open transaction. @throws `fenced` */
    async beginLoad(batch: Held): Promise<void> {
      await askOne(sql`select migration.begin_load(
        p_migration_id => ${batch.migration_id}, p_batch_id => ${batch.batch_id}, p_attempt => ${batch.attempt})`)
    },
    /** Closes a load; the caller commits. @throws `fenced`, `rows_not_accounted_for` */
    async completeBatch(batch: Held, counts: BatchCounts, lastOfCall: boolean): Promise<void> {
      await askOne(sql`select migration.complete_batch(
        p_migration_id => ${batch.migration_id}, p_batch_id => ${batch.batch_id}, p_attempt => ${batch.attempt},
        p_records_read => ${counts.read}, p_records_successful => ${counts.loaded},
        p_records_failed => ${counts.failed}, p_records_filtered => ${counts.filtered},
        p_bytes => ${counts.bytes}, p_target_wait_ms => ${Math.round(counts.waited_ms)},
        p_last_of_call => ${lastOfCall})`)
    },
    /** Closes a batch of kind verify. @throws `fenced` */
    async completeCheck(batch: Held, outcome: CheckOutcome, lastOfCall: boolean): Promise<void> {
      await askOne(sql`select migration.complete_check(
        p_migration_id => ${batch.migration_id}, p_batch_id => ${batch.batch_id}, p_attempt => ${batch.attempt},
        p_results => ${JSON.stringify(outcome.results)}::text::jsonb,
        p_findings => ${JSON.stringify(outcome.findings)}::text::jsonb, p_last_of_call => ${lastOfCall})`)
    },
    /** The plan as the migration was started with it, and the targets that were there before. */
    async beginningOf(
      migrationId: string,
    ): Promise<{ readonly plan: unknown; readonly existed: readonly string[] }> {
      return askOne(sql`
        select o.plan, to_jsonb(array(
            select e.target_entity from migration.entity_statuses e
             where e.migration_id = o.id and e.definition ? 'existed')) as existed
          from migration.orchestrations o where o.id = ${migrationId}`)
    },
    findingsOfBatch(batch: Held): Promise<readonly RepairFinding[]> {
      return askAll(sql`select * from migration.findings_of_batch(
        p_migration_id => ${batch.migration_id}, p_batch_id => ${batch.batch_id})`)
    },
    /** Closes a batch of kind repair; the caller commits. @throws `fenced`, `rows_not_accounted_for` */
    async completeRepair(
      batch: Held,
      rows: { readonly removed: number; readonly loaded: number },
      lastOfCall: boolean,
    ): Promise<void> {
      await askOne(sql`select migration.complete_repair(
        p_migration_id => ${batch.migration_id}, p_batch_id => ${batch.batch_id}, p_attempt => ${batch.attempt},
        p_removed => ${rows.removed}, p_loaded => ${rows.loaded}, p_last_of_call => ${lastOfCall})`)
    },
    /** `retrying`, `failed`, or `ignored` where the batch is no longer held by this attempt. */
    async failBatch(
      batch: Held,
      failure: BatchFailure,
    ): Promise<'retrying' | 'failed' | 'ignored'> {
      const row = await askOne<{
        outcome: 'retrying' | 'failed' | 'ignored'
      }>(sql`select migration.fail_batch(
        p_migration_id => ${batch.migration_id}, p_batch_id => ${batch.batch_id}, p_attempt => ${batch.attempt},
        p_error_type => ${failure.kind}, p_error_code => ${failure.code}, p_sqlstate => ${failure.sqlstate},
        p_message => ${failure.message}, p_retryable => ${failure.retryable}) as outcome`)
      return row.outcome
    },
    async releaseBatch(batch: Held): Promise<void> {
      await askOne(sql`select migration.release_batch(
        p_migration_id => ${batch.migration_id}, p_batch_id => ${batch.batch_id}, p_attempt => ${batch.attempt})`)
    },
    async finishDispatch(dispatchId: string, reason: string): Promise<void> {
      await askOne(
        sql`select migration.finish_dispatch(p_dispatch_id => ${dispatchId}, p_reason => ${reason})`,
      )
    },
    async watchdog(): Promise<void> {
      await askOne(sql`select migration.watchdog()`)
    },
    pause: (id: string, actor: string) => verb('pause', id, actor),
    resume: (id: string, actor: string) => verb('resume', id, actor),
    cancel: (id: string, actor: string) => verb('cancel', id, actor),
    retry: (id: string, actor: string) => verb('retry', id, actor),
    /** @param mode null takes the plan's. @throws `verification_running`, `mode_unknown` */
    async verify(id: string, actor: string, mode: string | null = null): Promise<VerbAnswer> {
      const row = await askOne<{ answer: VerbAnswer }>(sql`select migration.verify(
        p_migration_id => ${id}, p_actor => ${actor}, p_mode => ${mode}) as answer`)
      return row.answer
    },
    repair: (id: string, actor: string) => verb('repair', id, actor),
    /** @throws `migration_unknown` */
    async statusReport(id: string): Promise<unknown> {
      const row = await askOne<{ report: unknown }>(
        sql`select migration.status_report(p_migration_id => ${id}) as report`,
      )
      return row.report
    },
    /** Everything that a report shows of a migration. @throws `migration_unknown` */
    async migrationReport(id: string): Promise<unknown> {
      const row = await askOne<{ report: unknown }>(
        sql`select migration.migration_report(p_migration_id => ${id}) as report`,
      )
      return row.report
    },
    async listMigrations(): Promise<readonly unknown[]> {
      const row = await askOne<{ list: readonly unknown[] }>(
        sql`select migration.list_migrations() as list`,
      )
      return row.list
    },
    async audit(entry: AuditEntry): Promise<void> {
      await askOne(sql`select migration.audit(p_actor => ${entry.actor}, p_action => ${entry.action},
        p_migration_id => ${entry.migration_id ?? null}, p_outcome => ${entry.outcome},
        p_details => ${JSON.stringify(entry.details ?? {})}::text::jsonb)`)
    },
  }
}
