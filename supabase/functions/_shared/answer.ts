/** JSON answers. What leaves here is either written for the caller (`FerryError`) or says nothing. */
import { type ErrorContext, FerryError } from '../../../shared/platform/errors.ts'
import type { Problem } from './problems.ts'

export interface ErrorBody {
  readonly error: {
    readonly code: string
    readonly message: string
    readonly hint: string
    readonly path?: string
    readonly context?: ErrorContext
  }
  /** Present where more than one thing is wrong; the first is the error itself. */
  readonly problems?: readonly Problem[]
}

/** A JSON answer that no cache keeps. */
export function answer(
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
      ...headers,
    },
  })
}

/**
 * The answer for a failure. An error that nobody foresaw becomes a bare 500 with `reference`, under
 * which the log has its facts; the text of a cause never leaves.
 */
export function answerError(error: unknown, reference: string): Response {
  if (!(error instanceof FerryError)) return answer(500, internal(reference))
  const body: ErrorBody = {
    error: {
      code: error.code,
      message: error.message,
      hint: error.hint,
      ...(error.path === undefined ? {} : { path: error.path }),
      ...(Object.keys(error.context).length === 0 ? {} : { context: error.context }),
    },
    ...problemsOf(error),
  }
  return answer(error.status, body, error.status === 401 ? { 'www-authenticate': 'Bearer' } : {})
}

function internal(reference: string): ErrorBody {
  return {
    error: {
      code: 'internal',
      message: 'Something failed that should not have.',
      hint: 'Look for the reference in the logs of the function.',
      context: { reference },
    },
  }
}

/** Any error of the engine may carry `problems`; each is copied field by field, so no cause tags along. */
function problemsOf(error: FerryError): { problems?: readonly Problem[] } {
  if (!('problems' in error) || !Array.isArray(error.problems)) return {}
  const problems = error.problems as readonly Problem[]
  return {
    problems: problems.map(({ code, message, hint, path }) => ({
      code,
      message,
      hint,
      ...(path === undefined ? {} : { path }),
    })),
  }
}
