/** The part of the control plane that knows of incremental sync; `control.ts` has the rest. */
import type { Sql, TransactionSql } from 'postgres'
import type { KeyTexts } from '../projection/entity.ts'
import type { Answer, Question, SourceFacts } from '../projection/sweep.ts'
import { askAll } from './ask.ts'
import type { Held } from './control.ts'

/** What a batch did to the target, in rows. */
export interface SyncCounts {
  /** Rows of the source that were looked at again. */
  readonly read: number
  readonly inserted: number
  readonly updated: number
  /** Where a batch takes rows away itself, instead of noting them as gone. */
  readonly deleted?: number
  /** Each is a dead letter. */
  readonly refused: number
}

export interface Applied extends Omit<SyncCounts, 'read' | 'deleted'> {}

/** All of it raises a `FerryError`. */
export function syncControl(sql: Sql | TransactionSql) {
  return {
    /** What a look is to ask about each entity. @throws `fenced` */
    openLook(batch: Held, facts: SourceFacts): Promise<readonly Question[]> {
      return askAll<Question>(sql`
        select entity_status_id, entity_name, definition, scope, since, to_json(low) #>> '{}' as low,
               to_json(horizon) #>> '{}' as horizon, known_schema
          from migration.open_look(p_migration_id => ${batch.migration_id}, p_batch_id => ${batch.batch_id},
            p_attempt => ${batch.attempt}, p_facts => ${JSON.stringify(facts)}::text::jsonb)`)
    },
    /** Queues what a look has found to do, or halts sync. @throws `fenced` */
    async completeLook(
      batch: Held,
      look: { readonly facts: SourceFacts; readonly answers: readonly Answer[] },
      lastOfCall: boolean,
    ): Promise<void> {
      await askAll(sql`select migration.complete_look(
        p_migration_id => ${batch.migration_id}, p_batch_id => ${batch.batch_id}, p_attempt => ${batch.attempt},
        p_look => ${JSON.stringify(look)}::text::jsonb, p_last_of_call => ${lastOfCall})`)
    },
    /** Keys that a batch of strategy keys reads again. */
    async changedKeysOfBatch(batch: Held): Promise<readonly KeyTexts[]> {
      const keys = await askAll<{ row_key: KeyTexts }>(sql`
        select row_key from migration.changed_keys_of_batch(
          p_migration_id => ${batch.migration_id}, p_batch_id => ${batch.batch_id})`)
      return keys.map(({ row_key }) => row_key)
    },
    /**
     * Writes what differs between the stage and the target.
     * @param keys that were asked for: those that are not in the stage are gone
     * @param complete the stage holds all rows of the batch's range
     * @throws `fenced`, `rows_not_accounted_for`, `refusals_exceeded`
     */
    async applyChanges(
      batch: Held,
      keys: readonly KeyTexts[] | null,
      complete: boolean,
    ): Promise<Applied> {
      const [row] = await askAll<Record<keyof Applied, string>>(sql`
        select inserted::text, updated::text, refused::text from migration.apply_changes(
          p_migration_id => ${batch.migration_id}, p_batch_id => ${batch.batch_id}, p_attempt => ${batch.attempt},
          p_keys => ${keys === null ? null : JSON.stringify(keys)}::text::jsonb, p_complete => ${complete})`)
      const { inserted, updated, refused } = row!
      return { inserted: Number(inserted), updated: Number(updated), refused: Number(refused) }
    },
    /** Closes a batch of a sweep; the caller commits. @throws `fenced` */
    async completeSync(batch: Held, counts: SyncCounts, lastOfCall: boolean): Promise<void> {
      await askAll(sql`select migration.complete_sync(
        p_migration_id => ${batch.migration_id}, p_batch_id => ${batch.batch_id}, p_attempt => ${batch.attempt},
        p_counts => ${JSON.stringify(counts)}::text::jsonb, p_last_of_call => ${lastOfCall})`)
    },
  }
}
