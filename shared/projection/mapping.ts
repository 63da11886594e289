/**
 * The target part of a mapped entity after compilation: SQL over a stage that turns what came from the
 * source into rows of the target, and says which of them are refused. Stored as jsonb inside the
 * definition; `supabase/migrations/*_mapping_*.sql` runs it.
 *
 * Inside the statements `s` is the stage (`pg_temp.ferry_stage`, columns `s0`, `s1` … in the order of
 * `CompiledEntity.columns`), `v` the computed values (`c0`, `c1` …, one for each of `columns`).
 */
import type { KeyTexts } from './key-texts.ts'
import type { TableName } from './table-name.ts'

export type Conflict = 'fail' | 'update' | 'ignore'

/** Why a row is refused or left out. Order is precedence: the first that holds is the reason. */
export interface CompiledRefusal {
  /** Stable, snake_case: `reference_missing`, `range_violated` … */
  readonly code: string
  readonly kind: 'data_validation' | 'constraint_violation'
  /** Name of the rule where one refuses; else what refuses, in words without a value. */
  readonly rule: string
  /** Columns of the target. */
  readonly columns: readonly string[]
  /** Left out and counted as filtered, instead of refused. */
  readonly skips?: true
}

/** A reference whose parent may come later: loaded unresolved, looked at when all parents are in. */
export interface LateReference {
  readonly column: string
  readonly parent: TableName
  readonly parent_column: string
  /** What becomes of a row whose parent is not there: its column null, or the row refused or left out. */
  readonly missing: 'null' | 'reject' | 'skip'
  /** Position in `refusals`, from 1 on. */
  readonly refusal: number
}

export interface CompiledMapping {
  /** uuid: named after the source's key; preserve: the source's key; lookup: rows that the target has. */
  readonly strategy: 'uuid' | 'preserve' | 'lookup'
  /** Business type of the entity, such as `patient`. */
  readonly entity_type: string
  /** Name of the source system: the map is unique within it. */
  readonly system: string
  /** `entity_name` of the parents that are looked up in the map; their ids there are `$1`, in this order. */
  readonly maps: readonly string[]
  /** The key text of a stage row, over `s`: what map and dead letters call the row. */
  readonly key: string
  /** `create temp table ferry_rows (place tid, key text, refused smallint, c0 …) on commit drop`. */
  readonly rows_table: string
  /**
   * `select … from pg_temp.ferry_stage s … where s.ctid between $2 and $3` with the columns of
   * `ferry_rows`. `refused` is null, or a position in `refusals` from 1 on. May raise: then the range is
   * bisected.
   */
  readonly select: string
  /** The same for verification: every reference resolved, every id computed anew. */
  readonly expected: string
  /** Columns of the target that are written; the value of the n-th is `c<n>` of `ferry_rows`. */
  readonly columns: readonly string[]
  /** Columns of the target that tell its rows apart: positions in `columns`. */
  readonly identity: readonly number[]
  /** Position in `columns` of the uuid that the map records; null where the key is preserved. */
  readonly id: number | null
  readonly conflict: Conflict
  readonly refusals: readonly CompiledRefusal[]
  /** Rules of uniqueness that refuse; `columns` are positions in `columns`, `refusal` one in `refusals` from 1 on. */
  readonly unique: readonly {
    readonly columns: readonly number[]
    readonly refusal: number
    readonly wins: 'first' | 'last'
  }[]
  readonly late: readonly LateReference[]
  /** An entity stops when more than `rows` were refused and these are more than `share` of those read. */
  readonly limit: { readonly rows: number; readonly share: number }
}

/** What a batch waits for besides its place in the queue. */
export interface Dependency {
  /** `copy`: the first batch of the entity; `settle`: the look at its late references. */
  readonly kind: 'copy' | 'settle'
  readonly entity_name: string
  /** copied: its rows are in; completed: its late references are settled, too. */
  readonly until: 'copied' | 'completed'
}

/** What a comparison of staged rows with the target's found. */
export interface StageCheck {
  /** Rows that are to be there, dead letters included, and rows that are. */
  readonly sourceRows: number
  readonly targetRows: number
  readonly findings: readonly {
    readonly kind: 'missing' | 'extra' | 'changed' | 'duplicates' | 'range'
    /** Only where it is no failure. */
    readonly severity?: 'warning'
    readonly key?: KeyTexts
    readonly range?: { readonly after: KeyTexts | null; readonly through: KeyTexts | null }
    readonly columns: readonly string[]
    readonly detail?: Readonly<Record<string, unknown>>
  }[]
}
