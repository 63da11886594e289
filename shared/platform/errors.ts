/**
 * The one error class of the engine and the edge. Nothing in the product decides by message text:
 * callers look at `code`, `status` and `kind`.
 */

/** Taxonomy of failures as the control plane stores it (`migration.errors.error_type`). */
export type ErrorKind =
  | 'connection_error'
  | 'data_validation'
  | 'constraint_violation'
  | 'timeout'
  | 'unknown'

/** Facts that are safe to show and log: ids, names, counts. Never a value of a row. */
export type ErrorContext = Readonly<Record<string, string | number | boolean | null>>

export interface FerryErrorInit {
  /** Stable, snake_case, documented; what machines and tests match on. */
  readonly code: string
  /** One sentence for a person. Never contains a value of a row, a secret or an address. */
  readonly message: string
  /** What to do about it. */
  readonly hint: string
  /** HTTP status for the edge; 500 where none fits. */
  readonly status?: number
  readonly kind?: ErrorKind
  /** Where in the plan or request, e.g. `entities[2].source`. */
  readonly path?: string
  readonly context?: ErrorContext
  readonly cause?: unknown
}

export class FerryError extends Error {
  override readonly name = 'FerryError'
  readonly code: string
  readonly hint: string
  readonly status: number
  readonly kind: ErrorKind
  readonly path: string | undefined
  readonly context: ErrorContext

  constructor(init: FerryErrorInit) {
    super(init.message, init.cause === undefined ? undefined : { cause: init.cause })
    this.code = init.code
    this.hint = init.hint
    this.status = init.status ?? 500
    this.kind = init.kind ?? 'unknown'
    this.path = init.path
    this.context = init.context ?? {}
  }
}
