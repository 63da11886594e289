/** The part of the control plane that knows of mapped entities; `control.ts` has the rest. */
import type { Sql, TransactionSql } from 'postgres'
import type { MapPlace } from '../projection/direct-rows.ts'
import type { KeyRange, KeyTexts } from '../projection/entity.ts'
import type { StageCheck } from '../projection/mapping.ts'
import { askAll, askOne } from './ask.ts'
import type { ClaimedBatch, Held } from './control.ts'

/** What became of the rows of a stage. */
export interface StageOutcome {
  readonly loaded: number
  readonly refused: number
  /** By a reference that skips, or because the target had the row and it is left alone. */
  readonly left_out: number
}

export interface Reload {
  /** Whether what the target has of the keys goes first; otherwise it is newer and stays. */
  readonly replace: boolean
  /** Ids of further rows of the target that go. */
  readonly extra: readonly string[]
}

/** Binds to a transaction whose fence was taken by `beginLoad`. All of it raises a `FerryError`. */
export function mappingControl(sql: Sql | TransactionSql) {
  return {
    /** Where the map takes what a batch loads directly; undefined: its rows are to be staged. @throws `fenced` */
    async beginDirect({ definition, ...batch }: ClaimedBatch): Promise<MapPlace | undefined> {
      if (definition.direct === undefined) return undefined
      return askOne<MapPlace | undefined>(sql`
        select map_entity_id, load_id from migration.begin_direct(
          p_migration_id => ${batch.migration_id}, p_batch_id => ${batch.batch_id}, p_attempt => ${batch.attempt})`)
    },
    /** Holds what was sent directly against what the server has taken. @throws `rows_not_accounted_for` */
    async endDirect(batch: Held, rows: number, mapped: number): Promise<void> {
      await askOne(sql`select migration.end_direct(
        p_migration_id => ${batch.migration_id}, p_batch_id => ${batch.batch_id}, p_attempt => ${batch.attempt},
        p_rows => ${rows}, p_mapped => ${mapped})`)
    },
    /** From the stage to the target. @throws `fenced`, `rows_not_accounted_for`, `refusals_exceeded` */
    async loadStage(batch: Held): Promise<StageOutcome> {
      const row = await askOne<{ loaded: string; failed: string; left_out: string }>(sql`
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
      const row = await askOne<{ refused: string; left_out: string }>(sql`
        select refused::text, left_out::text from migration.settle(
          p_migration_id => ${batch.migration_id}, p_batch_id => ${batch.batch_id}, p_attempt => ${batch.attempt})`)
      return { refused: Number(row.refused), left_out: Number(row.left_out) }
    },
    /** Holds the rows of the stage against the target. @throws `fenced` */
    async checkStage(batch: Held, values: boolean): Promise<StageCheck> {
      const row = await askOne<{
        source: string
        target: string
        findings: StageCheck['findings']
      }>(sql`
        select source_rows::text as source, target_rows::text as target, findings from migration.check_stage(
          p_migration_id => ${batch.migration_id}, p_batch_id => ${batch.batch_id}, p_attempt => ${batch.attempt},
          p_values => ${values})`)
      const { source, target, findings } = row
      return { sourceRows: Number(source), targetRows: Number(target), findings }
    },
    /**
     * Leaves those rows in the stage that differ now. @returns ids of rows of the target that go with the
     * keys that the source has no more
     * @throws `fenced`
     */
    async narrowStage(
      batch: Held,
      keys: readonly KeyTexts[],
      ranges: readonly KeyRange[],
    ): Promise<readonly string[]> {
      const pairs = ranges.map(({ after, through }) => [after, through])
      const row = await askOne<{ gone: string[] }>(sql`
        select to_jsonb(migration.narrow_stage(
          p_migration_id => ${batch.migration_id}, p_batch_id => ${batch.batch_id}, p_attempt => ${batch.attempt},
          p_keys => ${JSON.stringify(keys)}::text::jsonb, p_ranges => ${JSON.stringify(pairs)}::text::jsonb)) as gone`)
      return row.gone
    },
    /** Loads the rows of the stage again. @throws `fenced`, `rows_not_accounted_for` */
    async reloadStage(batch: Held, how: Reload): Promise<{ removed: number; loaded: number }> {
      const row = await askOne<{ removed: string; loaded: string }>(sql`
        select removed::text, loaded::text from migration.reload_stage(
          p_migration_id => ${batch.migration_id}, p_batch_id => ${batch.batch_id}, p_attempt => ${batch.attempt},
          p_replace => ${how.replace}, p_actor => 'process-batch',
          p_extra => array(select jsonb_array_elements_text(${JSON.stringify(how.extra)}::text::jsonb)))`)
      return { removed: Number(row.removed), loaded: Number(row.loaded) }
    },
    /** Keys of the rows that a batch of kind replay tries again. */
    async deadLettersOfBatch(batch: Held): Promise<readonly KeyTexts[]> {
      const rows = await askAll<{ row_key: KeyTexts }>(sql`
        select row_key from migration.dead_letters_of_batch(
          p_migration_id => ${batch.migration_id}, p_batch_id => ${batch.batch_id})`)
      return rows.map(({ row_key }) => row_key)
    },
    /** Closes a batch of kind replay; the caller commits. @throws `fenced` */
    async completeReplay(batch: Held, loaded: number, lastOfCall: boolean): Promise<void> {
      await askOne(sql`select migration.complete_replay(
        p_migration_id => ${batch.migration_id}, p_batch_id => ${batch.batch_id}, p_attempt => ${batch.attempt},
        p_loaded => ${loaded}, p_last_of_call => ${lastOfCall})`)
    },
  }
}
