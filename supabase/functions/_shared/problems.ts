/**
 * Several things wrong with one request, reported together so that nobody has to fix a plan one
 * answer at a time.
 */
import type { z } from 'zod'
import { FerryError } from '../../../shared/platform/errors.ts'

export interface Problem {
  readonly code: string
  readonly message: string
  readonly hint: string
  /** Where in the request, e.g. `plan.entities[2].source`. */
  readonly path?: string | undefined
}

/** A request refused for one or more reasons; the first one is also the error itself. */
export class RequestRefused extends FerryError {
  readonly problems: readonly Problem[]

  constructor(problems: readonly [Problem, ...Problem[]]) {
    const [first] = problems
    super({
      code: first.code,
      message: first.message,
      hint: first.hint,
      status: 400,
      kind: 'data_validation',
      ...(first.path === undefined ? {} : { path: first.path }),
    })
    this.problems = problems
  }
}

/** The refusal that tells all of `problems`, of which there is at least one. */
export function refused(problems: readonly Problem[]): Error {
  const [first, ...rest] = problems
  return first === undefined ? new Error('no problem') : new RequestRefused([first, ...rest])
}

/**
 * Validates what came over the wire.
 * @throws RequestRefused `request_invalid` with every issue and its path
 */
export function validated<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw refused(result.error.issues.map(problemOf))
}

function problemOf(issue: z.core.$ZodIssue): Problem {
  return {
    code: 'request_invalid',
    message: issue.message,
    hint: 'Correct this part of the request; the reference of the functions lists what each accepts.',
    path: pathText(issue.path),
  }
}

function pathText(path: readonly PropertyKey[]): string | undefined {
  const text = path.reduce<string>((before, step) => {
    if (typeof step === 'number') return `${before}[${step}]`
    return before === '' ? String(step) : `${before}.${String(step)}`
  }, '')
  return text === '' ? undefined : text
}
