/**
 * Whatever a driver or the network reports, as an error of this project. Server messages and details
 * quote values of rows, so nothing of them is kept: only codes and the names of objects.
 */
import { FerryError } from './errors.ts'
import { failureRule, isDriverCode, isNetworkName, sqlstatePattern } from './failure-rules.ts'

/** What a driver error may carry; everything else in it is left behind. */
interface Reported {
  readonly code?: unknown
  readonly name?: unknown
  readonly severity?: unknown
  readonly severity_local?: unknown
  readonly schema_name?: unknown
  readonly table_name?: unknown
  readonly column_name?: unknown
  readonly constraint_name?: unknown
  readonly type_name?: unknown
  readonly routine?: unknown
  readonly errors?: unknown
}

/**
 * Any failure as a FerryError without a value of a row: SQLSTATE or socket code, and names of
 * objects. `context.retry` is `retry` or `never`. A FerryError passes through unchanged.
 */
export function classify(error: unknown): FerryError {
  if (error instanceof FerryError) return error
  const reported = firstOf(error)
  const code = text(reported.code)
  const name = text(reported.name)
  const rule = failureRule(code, name)
  const context: Record<string, string> = { retry: rule.retry }
  if (sqlstatePattern.test(code) && !isDriverCode(code)) context.sqlstate = code
  else if (/^[A-Z][A-Z0-9_]{2,63}$/.test(code)) context.reason = code
  else if (isNetworkName(name)) context.reason = name
  for (const field of ['severity', 'schema_name', 'table_name', 'column_name'] as const) {
    if (text(reported[field]) !== '') context[field] = text(reported[field])
  }
  if (text(reported.constraint_name) !== '') context.constraint = text(reported.constraint_name)
  const { code: stable, message, hint, status, kind } = rule
  return new FerryError({ code: stable, message, hint, status, kind, context })
}

/** Whether trying again can help. */
export function isRetryable(error: unknown): boolean {
  return classify(error).context.retry === 'retry'
}

/** A socket that tried several addresses reports one error for each. */
function firstOf(error: unknown): Reported {
  if (typeof error !== 'object' || error === null) return {}
  const reported = error as Reported
  const several = Array.isArray(reported.errors) ? reported.errors : []
  return text(reported.code) === '' && several.length > 0 ? firstOf(several[0]) : reported
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
