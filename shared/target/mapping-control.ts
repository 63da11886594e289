/** The part of the control plane that knows of mapped entities; `control.ts` has the rest. */
import type { Sql, TransactionSql } from 'postgres'
import type { ClaimedBatch } from './control.ts'
import { controlFailure } from './control-failure.ts'

type Held = Pick<ClaimedBatch, 'migration_id' | 'batch_id' | 'attempt'>

/** What became of the rows of a stage. */
export interface StageOutcome {
  readonly loaded: number
  readonly refused: number
  /** By a reference that skips, or because the target had the row and it is left alone. */
  readonly left_out: number
}

/** Binds to a transaction whose fence was taken by `beginLoad`. All of it raises a `FerryError`. */
export function mappingControl(sql: Sql | TransactionSql) {
  const one = async <T>(query: Promise<readonly unknown[]>): Promise<T> => {
    try {
      const rows = await query
      return rows[0] as T
    } catch (error) {
      throw controlFailure(error)
    }
  }
  return {
    /** From the stage to the target. @throws `fenced`, `rows_not_accounted_for`, `refusals_exceeded` */
    async loadStage(batch: Held): Promise<StageOutcome> {
      const row = await one<{ loaded: string; failed: string; left_out: string }>(sql`
        select loaded::text, failed::text, left_out::text from migration.load_stage(
          p_migration_id => ${batch.migration_id}, p_batch_id => ${batch.batch_id}, p_attempt => ${batch.attempt})`)
      return {
        loaded: Number(row.loaded),
        refused: Number(row.failed),
        left_out: Number(row.left_out),
      }
    },
    /** Looks at references that were loaded before their parents. @throws `fenced` */
    async settle(batch: Held): Promise<Omit<StageOutcome, 'loaded'>> {
      const row = await one<{ refused: string; left_out: string }>(sql`
        select refused::text, left_out::text from migration.settle(
          p_migration_id => ${batch.migration_id}, p_batch_id => ${batch.batch_id}, p_attempt => ${batch.attempt})`)
      return { refused: Number(row.refused), left_out: Number(row.left_out) }
    },
  }
}
