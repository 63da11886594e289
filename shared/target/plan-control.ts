/** The part of the control plane that serves a plan before it is started. */
import type { Sql, TransactionSql } from 'postgres'
import type { CompiledEntity, TableName } from '../projection/entity.ts'
import { askAnswer } from './ask.ts'
import type { Beginning } from './begin.ts'

/** What would become of one row. */
export interface PreviewedRow {
  readonly key: string
  /** depends: on a parent of which no row is there yet. */
  readonly outcome: 'loaded' | 'refused' | 'left_out' | 'depends'
  readonly reason?: {
    readonly code: string
    readonly rule?: string
    /** Columns of the target. */
    readonly columns: readonly string[]
    /** The parent that has to be moved first, where the outcome depends on one. */
    readonly until?: string
  }
  /** Texts of the server, cut to 2,000 characters; only where values are asked for. */
  readonly before?: Readonly<Record<string, string | null>>
  readonly after?: Readonly<Record<string, string | null>>
}

export interface StagePreview {
  readonly rows: readonly PreviewedRow[]
  /** Parents of which no row is there yet: what is looked up in them is not known. */
  readonly not_moved: readonly string[]
}

/** A reference of a mapped entity, by its columns in the target. */
export interface PreviewParent extends TableName {
  readonly columns: readonly string[]
  readonly entity_name: string
}

type SavedEntity = Pick<
  Beginning['entities'][number],
  'entity_name' | 'target_entity' | 'definition' | 'waits_for'
>

/** Binds to a connection; all of it raises a `FerryError`. */
export function planControl(sql: Sql | TransactionSql) {
  return {
    /** Of the rest of this transaction, where the role may: the log would quote rows that COPY fails at. */
    async silenceLog(): Promise<void> {
      await askAnswer(sql`select migration.silence_log()::text as answer`)
    },
    /** Only inside a transaction with a filled stage, which is taken back. */
    previewStage(
      definition: CompiledEntity,
      parents: readonly PreviewParent[],
      values: boolean,
    ): Promise<StagePreview> {
      return askAnswer(sql`select migration.preview_stage(
        p_definition => ${JSON.stringify(definition)}::text::jsonb,
        p_parents => ${JSON.stringify(parents)}::text::jsonb, p_values => ${values}) as answer`)
    },
    /** Keeps the mappings of a plan as a version of each. @throws `dependency_cycle` */
    savePlan(
      entities: readonly SavedEntity[],
      version: string,
      actor: string,
    ): Promise<{ readonly version: string; readonly saved: number }> {
      const saved = entities.map(({ entity_name, target_entity, definition, waits_for }) => ({
        entity_name,
        target_entity,
        definition,
        waits_for,
      }))
      return askAnswer(sql`select migration.save_plan(
        p_entities => ${JSON.stringify(saved)}::text::jsonb,
        p_version => ${version}, p_actor => ${actor}) as answer`)
    },
  }
}
