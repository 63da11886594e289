/** The part of the control plane that is about dead letters after the fact: looking, trying again, putting away. */
import type { Sql, TransactionSql } from 'postgres'
import { askAnswer } from './ask.ts'
import type { Beginning } from './begin.ts'
import type { VerbAnswer } from './control.ts'

/** Which dead letters are meant: all unresolved ones that fit everything given. */
export interface Choice {
  /** `schema.table` at the source. */
  readonly entity?: string | undefined
  readonly code?: string | undefined
  /** Key texts as dead letters have them. */
  readonly keys?: readonly string[] | undefined
}

/** A mended plan for a migration that is done. */
export interface Amendment {
  readonly plan: unknown
  readonly plan_fingerprint: string
  readonly entities: readonly Pick<
    Beginning['entities'][number],
    'entity_name' | 'target_entity' | 'definition' | 'waits_for'
  >[]
}

export interface Page {
  readonly entity?: string | undefined
  readonly code?: string | undefined
  readonly state: 'unresolved' | 'all'
  /** 1 to 1000. */
  readonly limit: number
  /** Id of the last one that is known already. */
  readonly after?: string | undefined
}

/** Binds to a connection; all of it raises a `FerryError`. */
export function deadLetters(sql: Sql | TransactionSql) {
  return {
    /**
     * Tries dead letters again, by the plan as it was or a mended one.
     * @throws `migration_unknown`, `nothing_to_replay`, `transition_illegal`, `verification_running`,
     *   `plan_moves_other_tables`
     */
    replay(id: string, actor: string, choice: Choice, amendment?: Amendment): Promise<VerbAnswer> {
      return askAnswer(sql`select migration.replay(
        p_migration_id => ${id}, p_actor => ${actor}, p_choice => ${JSON.stringify(choice)}::text::jsonb,
        p_amendment => ${amendment === undefined ? null : JSON.stringify(amendment)}::text::jsonb) as answer`)
    },
    /** Puts dead letters away; their rows stay refused. @throws `migration_unknown`, `notes_missing` */
    resolve(
      id: string,
      actor: string,
      choice: Choice,
      notes: string,
    ): Promise<VerbAnswer & { readonly resolved: number }> {
      return askAnswer(sql`select migration.resolve_errors(
        p_migration_id => ${id}, p_actor => ${actor},
        p_choice => ${JSON.stringify(choice)}::text::jsonb, p_notes => ${notes}) as answer`)
    },
    /** Dead letters by reason and one by one. @throws `migration_unknown` */
    report(id: string, page: Page): Promise<unknown> {
      const { limit, after, ...choice } = page
      return askAnswer(sql`select migration.dead_letter_report(
        p_migration_id => ${id}, p_choice => ${JSON.stringify(choice)}::text::jsonb,
        p_limit => ${limit}, p_after => ${after ?? null}) as answer`)
    },
  }
}
