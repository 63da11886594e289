/** One row shape for everything that a check of a plan has to say. */
import { FerryError } from '../platform/errors.ts'

/** Keeps a migration from starting. */
export interface Problem {
  /** Stable, snake_case. */
  readonly code: string
  readonly message: string
  readonly hint: string
  /** Where in the plan, e.g. `entities[2].source`. */
  readonly path: string
}

/** Worth knowing; keeps nothing from starting. */
export type Note = Problem

/** The whole list as one error for callers that can only throw. */
export function problemsError(problems: readonly Problem[]): FerryError {
  const [first] = problems
  return new FerryError({
    code: 'plan_invalid',
    message: `The plan has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}.`,
    hint: first === undefined ? 'Check the plan.' : `${first.path}: ${first.message} ${first.hint}`,
    status: 422,
    kind: 'data_validation',
    ...(first === undefined ? {} : { path: first.path }),
  })
}

/** `['entities', 2, 'source']` → `entities[2].source`; odd keys in brackets and quotes. */
export function planPath(parts: readonly PropertyKey[]): string {
  return parts.reduce<string>((path, part) => {
    if (typeof part === 'number') return `${path}[${part}]`
    const name = String(part)
    if (!/^[A-Za-z_$][A-Za-z0-9_$]*$/.test(name)) return `${path}[${JSON.stringify(name)}]`
    return path === '' ? name : `${path}.${name}`
  }, '')
}
