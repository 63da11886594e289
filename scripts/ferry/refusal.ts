/** Errors of the command line itself, and the ones that the project answered. */
import { FerryError } from '../../shared/platform/errors.ts'

export interface Problem {
  readonly code: string
  readonly message: string
  readonly hint: string
  readonly path?: string | undefined
}

/** What the project answered instead of a result. */
export class Refusal extends FerryError {
  readonly problems: readonly Problem[]

  constructor(
    status: number,
    error: Problem & { readonly context?: FerryError['context'] | undefined },
    problems: readonly Problem[],
  ) {
    super({
      code: error.code,
      message: error.message,
      hint: error.hint,
      status,
      ...(error.path === undefined ? {} : { path: error.path }),
      ...(error.context === undefined ? {} : { context: error.context }),
    })
    this.problems = problems
  }
}

/** Bad input that was found before anything was sent; exit code 2. */
export function badInput(code: string, message: string, hint: string, path?: string): FerryError {
  return new FerryError({
    code,
    message,
    hint,
    status: 400,
    kind: 'data_validation',
    ...(path === undefined ? {} : { path }),
  })
}

/** Every problem that an error stands for, at least one. */
export function problemsOf(error: FerryError): readonly Problem[] {
  if ('problems' in error && Array.isArray(error.problems) && error.problems.length > 0) {
    return error.problems as readonly Problem[]
  }
  return [{ code: error.code, message: error.message, hint: error.hint, path: error.path }]
}
