/** What a refusal of the control plane becomes: its own SQLSTATEs carry their code in DETAIL. */
import { FerryError } from '../platform/errors.ts'
import { onSide } from '../platform/side.ts'
import { classify } from '../platform/sqlstate.ts'

const statusOf: Readonly<Record<string, number>> = {
  SF001: 409,
  SF002: 500,
  SF401: 401,
  SF404: 404,
  SF409: 409,
  SF422: 422,
}

/** The control plane writes its messages itself, from ids and names, so they are safe to show. */
export function controlFailure(error: unknown): FerryError {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') {
    const status = statusOf[error.code]
    if (status !== undefined) {
      const { detail, hint } = error as { detail?: string; hint?: string }
      return new FerryError({
        code: detail ?? 'refused',
        message: error.message,
        hint: hint ?? '',
        status,
        kind: 'data_validation',
        context: { sqlstate: error.code },
      })
    }
  }
  return onSide('target', classify(error))
}
