/** Which of the two databases an error is about: the engine's own codes say "database". */
import { FerryError } from '../../shared/platform/errors.ts'
import { classify } from '../../shared/platform/sqlstate.ts'

export type Side = 'source' | 'target'

/** Any failure as one that names its side; errors that are about something else pass unchanged. */
export function failureAt(side: Side, error: unknown): FerryError {
  const failure = classify(error)
  if (!failure.code.startsWith('database_')) return failure
  const { code, message, hint, status, kind, context, cause } = failure
  return new FerryError({
    code: code.replace('database_', `${side}_`),
    message: message.replace(/^The (database|server)\b/, `The ${side} $1`),
    hint,
    status,
    kind,
    context,
    ...(cause === undefined ? {} : { cause }),
  })
}

/** Awaits work on one side. @throws FerryError as `failureAt` names it */
export async function at<T>(side: Side, work: PromiseLike<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw failureAt(side, error)
  }
}

/** A refusal with which a run ends before anything was written; exit code 2. */
export function refusal(code: string, message: string, hint: string): FerryError {
  return new FerryError({ code, message, hint, status: 409, kind: 'data_validation' })
}
