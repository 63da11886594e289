/** The part of the control plane that the batches of a cut-over report to. */
import type { Sql, TransactionSql } from 'postgres'
import type { TableName } from '../projection/entity.ts'
import { askAll } from './ask.ts'
import type { Held } from './control.ts'

/** All of it raises a `FerryError`. */
export function cutoverControl(sql: Sql | TransactionSql) {
  return {
    /** Takes the fence inside an open transaction. @throws `fenced` */
    async hold(batch: Held): Promise<void> {
      await askAll(sql`select migration.hold_cutover(
        p_migration_id => ${batch.migration_id}, p_batch_id => ${batch.batch_id}, p_attempt => ${batch.attempt})`)
    },
    /** Puts a freeze on record before it holds. @throws `fenced` */
    async noteFrozen(batch: Held, former: string | null): Promise<void> {
      await askAll(sql`select migration.note_frozen(
        p_migration_id => ${batch.migration_id}, p_batch_id => ${batch.batch_id}, p_attempt => ${batch.attempt},
        p_former => ${former})`)
    },
    /** Tables of the target that sweeps have changed. */
    changedTables(migrationId: string): Promise<readonly TableName[]> {
      return askAll<TableName>(sql`
        select schema_name as "schema", table_name as "table"
          from migration.changed_tables(p_migration_id => ${migrationId})`)
    },
    /** Closes the batch of a phase. @throws `fenced` */
    async complete(batch: Held, outcome: object, lastOfCall: boolean): Promise<void> {
      await askAll(sql`select migration.complete_cutover(
        p_migration_id => ${batch.migration_id}, p_batch_id => ${batch.batch_id}, p_attempt => ${batch.attempt},
        p_outcome => ${JSON.stringify(outcome)}::text::jsonb, p_last_of_call => ${lastOfCall})`)
    },
  }
}
