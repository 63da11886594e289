/** The part of the control plane with which an admin steers incremental sync and its cut-over. */
import type { Sql, TransactionSql } from 'postgres'
import type { SyncScope } from '../projection/sync.ts'
import { askAnswer } from './ask.ts'
import type { VerbAnswer } from './control.ts'
import type { Amendment } from './dead-letters.ts'

export interface SweepOrder {
  /** Changes where absent. */
  readonly scope?: SyncScope | undefined
  /** The gone rows that a limit has stopped go with this sweep. */
  readonly allowDeletes?: boolean | undefined
  readonly amendment?: Amendment | undefined
}

export interface ScheduleOrder {
  readonly scope: SyncScope
  /** As it is where absent. */
  readonly schedule?: string | undefined
  readonly enabled?: boolean | undefined
}

export interface CutoverOrder {
  /** Name of the plan; a rehearsal needs none. */
  readonly confirm?: string | undefined
  readonly dryRun?: boolean | undefined
}

export type SweepAnswer = VerbAnswer & { readonly sweep_id: string }
export type CutoverAnswer = VerbAnswer & { readonly cutover_id: string }

/** Binds to a connection; all of it raises a `FerryError`. */
export function syncVerbs(sql: Sql | TransactionSql) {
  const json = (amendment: Amendment | undefined) =>
    amendment === undefined ? null : JSON.stringify(amendment)
  return {
    /**
     * One sweep now; the first one of a completed migration whose plan has a sync section.
     * @throws `migration_unknown`, `sync_not_begun`, `sync_halted`, `pass_running`, `transition_illegal`, …
     */
    sync(id: string, actor: string, order: SweepOrder): Promise<SweepAnswer> {
      return askAnswer(sql`select migration.sync(
        p_migration_id => ${id}, p_actor => ${actor}, p_scope => ${order.scope ?? 'changes'},
        p_allow_deletes => ${order.allowDeletes ?? false},
        p_amendment => ${json(order.amendment)}::text::jsonb) as answer`)
    },
    /** @throws `migration_unknown`, `sync_not_halted` */
    resumeSync(id: string, actor: string, amendment?: Amendment): Promise<SweepAnswer> {
      return askAnswer(sql`select migration.resume_sync(
        p_migration_id => ${id}, p_actor => ${actor},
        p_amendment => ${json(amendment)}::text::jsonb) as answer`)
    },
    /** @throws `migration_unknown`, `sync_not_begun`, `schedule_invalid`, `schedule_unknown` */
    schedule(id: string, actor: string, order: ScheduleOrder): Promise<VerbAnswer> {
      return askAnswer(sql`select migration.set_schedule(
        p_migration_id => ${id}, p_actor => ${actor}, p_scope => ${order.scope},
        p_schedule => ${order.schedule ?? null}, p_enabled => ${order.enabled ?? null}) as answer`)
    },
    /** @throws `migration_unknown`, `cutover_not_confirmed`, and whatever stands against it */
    cutover(id: string, actor: string, order: CutoverOrder): Promise<CutoverAnswer> {
      return askAnswer(sql`select migration.cutover(
        p_migration_id => ${id}, p_actor => ${actor}, p_confirm => ${order.confirm ?? null},
        p_is_rehearsal => ${order.dryRun ?? false}) as answer`)
    },
    /** Begins the sweep that is due, if any: what pg_cron does in a project. */
    async runSchedules(): Promise<void> {
      await askAnswer(sql`select migration.run_schedules() as answer`)
    },
    /** @throws `migration_unknown`, `cutover_not_running` */
    abortCutover(id: string, actor: string): Promise<CutoverAnswer> {
      return askAnswer(sql`select migration.abort_cutover(
        p_migration_id => ${id}, p_actor => ${actor}) as answer`)
    },
  }
}
