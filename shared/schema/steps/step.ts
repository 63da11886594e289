/** What is done to a table after its rows are in. The control plane's table `steps` keeps them. */
import type { MovedTable } from '../moved-table.ts'

export interface Step {
  readonly kind:
    | 'primary_key'
    | 'unique'
    | 'exclusion'
    | 'index'
    | 'check'
    | 'foreign_key'
    | 'validate'
    | 'sequence'
    | 'setting'
    | 'analyze'
  /** Steps of a table run stage by stage, those of one stage at the same time. */
  readonly stage: number
  readonly object_name: string
  readonly statement: string
  /** `target_entity` of the other table that has to be as far. */
  readonly references?: string
}

export const stage = {
  /** Reads the whole table; several at once. */
  index: 1,
  /** Keys over indexes that stand, checks, sequences. */
  key: 2,
  /** Before the validation of foreign keys, whose join is planned by them. */
  statistics: 3,
  foreignKey: 4,
  validate: 5,
} as const

/** What stands from the beginning, and what comes after the rows. */
export interface TableParts {
  /** Lines of `create table`. */
  readonly inline: string[]
  /** Statements behind it. */
  readonly ddl: string[]
  readonly steps: Step[]
}

/** Name of an object, with its partition where it is on one. */
export function objectName(moved: MovedTable, name: string): string {
  return moved.parent === null ? name : `${moved.target.table}.${name}`
}
