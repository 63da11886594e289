/** The part of the control plane that knows of rows that are gone at the source; `sync-control.ts` has the rest of sync. */
import type { Sql, TransactionSql } from 'postgres'
import type { CompiledEntity, KeyTexts } from '../projection/entity.ts'
import { askOne } from './ask.ts'
import type { ClaimedBatch, Held } from './control.ts'

/** Some keys of one entity whose rows are to go. */
export interface KeysToAsk {
  readonly entity_status_id: string
  readonly definition: CompiledEntity
  /** Where the next ones begin. */
  readonly last_key: string
  /** Null where no key of the source leads to any of them. */
  readonly keys: readonly KeyTexts[] | null
}

/** What became of the rows on the list. */
export interface DeletesOutcome {
  /** Entities that their limit has stopped, with numbers. */
  readonly stopped: readonly string[]
  readonly entities: readonly {
    readonly entity_status_id: string
    readonly deleted: number
    readonly marked: number
    readonly held: number
    readonly reported: number
  }[]
}

/** Binds to a transaction whose fence was taken by `beginLoad`. All of it raises a `FerryError`. */
export function deletesControl(sql: Sql | TransactionSql) {
  return {
    /** Notes keys that the source has no more. @throws `fenced` */
    async noteGone(batch: Held, keys: readonly KeyTexts[]): Promise<void> {
      await askOne(sql`select migration.note_gone(
        p_migration_id => ${batch.migration_id}, p_batch_id => ${batch.batch_id}, p_attempt => ${batch.attempt},
        p_keys => array(select case jsonb_array_length(k) when 1 then k ->> 0 else k::text end
          from jsonb_array_elements(${JSON.stringify(keys)}::text::jsonb) k))`)
    },
    /** The same for the keys of `pg_temp.ferry_beyond`. @throws `fenced` */
    async noteBeyond(batch: Held): Promise<void> {
      await askOne(sql`select migration.note_gone(
        p_migration_id => ${batch.migration_id}, p_batch_id => ${batch.batch_id}, p_attempt => ${batch.attempt},
        p_keys => array(select b.key from pg_temp.ferry_beyond b))`)
    },
    /** Some of the keys whose rows are to go, behind those of an earlier answer. */
    async goneToAsk(
      batch: Held,
      after: KeysToAsk | undefined,
      limit: number,
    ): Promise<KeysToAsk | undefined> {
      return askOne(sql`select * from migration.gone_to_ask(
        p_migration_id => ${batch.migration_id}, p_after_entity => ${after?.entity_status_id ?? null},
        p_after_key => ${after?.last_key ?? null}, p_limit => ${limit})`)
    },
    /** Takes what the source has after all off the list. @param found keys asked for and found @throws `fenced` */
    async keepReturned(
      batch: Held,
      entityStatusId: string,
      found: readonly (readonly [KeyTexts, KeyTexts])[],
    ): Promise<void> {
      await askOne(sql`select migration.keep_returned(
        p_migration_id => ${batch.migration_id}, p_batch_id => ${batch.batch_id}, p_attempt => ${batch.attempt},
        p_entity_status_id => ${entityStatusId}, p_found => ${JSON.stringify(found)}::text::jsonb)`)
    },
    /** Deletes, marks, holds or tells of every row on the list. @throws `fenced`, `triggers_not_silenced` */
    async applyDeletes(batch: Held): Promise<DeletesOutcome> {
      const row = await askOne<{ outcome: DeletesOutcome }>(sql`select migration.apply_deletes(
        p_migration_id => ${batch.migration_id}, p_batch_id => ${batch.batch_id}, p_attempt => ${batch.attempt}) as outcome`)
      return row.outcome
    },
    /** Closes a batch of kind deletes; the caller commits. @throws `fenced` */
    async completeDeletes(
      batch: Held,
      outcome: DeletesOutcome,
      lastOfCall: boolean,
    ): Promise<void> {
      await askOne(sql`select migration.complete_deletes(
        p_migration_id => ${batch.migration_id}, p_batch_id => ${batch.batch_id}, p_attempt => ${batch.attempt},
        p_outcome => ${JSON.stringify(outcome)}::text::jsonb, p_last_of_call => ${lastOfCall})`)
    },
    /** Whether a batch may not take as many rows of an entity without a key away. */
    async exceedsDeleteLimit(
      batch: Pick<ClaimedBatch, 'batch_id' | 'entity_status_id'>,
      rows: number,
    ): Promise<boolean> {
      const row = await askOne<{
        exceeds: boolean | null
      }>(sql`select migration.exceeds_delete_limit(
        p_batch_id => ${batch.batch_id}, p_entity_status_id => ${batch.entity_status_id}, p_rows => ${rows}) as exceeds`)
      return row.exceeds === true
    },
    /** Closes a batch that would take too many rows away, and halts sync. @throws `fenced` */
    async haltForDeletes(batch: Held, rows: number, lastOfCall: boolean): Promise<void> {
      await askOne(sql`select migration.halt_for_deletes(
        p_migration_id => ${batch.migration_id}, p_batch_id => ${batch.batch_id}, p_attempt => ${batch.attempt},
        p_rows => ${rows}, p_last_of_call => ${lastOfCall})`)
    },
  }
}
