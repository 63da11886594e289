/** A value of the target as SQL over the stage, and how one is built on another. */
import type { Problem } from '../problem.ts'
import type { ReferenceExpression } from './expression.ts'

export interface Fail {
  /** Boolean SQL; never true for a value that can be made. */
  readonly condition: string
  readonly code: 'value_invalid' | 'value_unmapped' | 'length_violated'
  /** It can only hold where the value is null: nothing else needs to ask. */
  readonly onlyNull?: true
}

/**
 * SQL over the stage, null-safe and as total as it can be. It may be followed by `::` or `is null` as
 * it stands.
 */
export interface Value {
  readonly sql: string
  /** As `format_type` prints it; results of the text family come without a length. */
  readonly type: string
  readonly fails: readonly Fail[]
  /** Written in the plan, not read from a row. */
  readonly literal?: true
  /** Worth telling whoever writes the plan. */
  readonly note?: string
}

export interface Scope {
  /** Finds a source column (pushes a problem where there is none): `s.s3` and its stage type. */
  column(name: string, path: readonly PropertyKey[]): Value | undefined
  /** Supplied by the assembler of references. */
  reference(expression: ReferenceExpression, path: readonly PropertyKey[]): Value | undefined
  readonly problems: Problem[]
}

export const nullText = 'null::text'

export function isNull(value: Value): boolean {
  return value.literal === true && value.sql === nullText
}

const name = /^[a-z_]\w*\.[a-z_]\w*(::text)?$/

/** SQL in which some values are mentioned by name, so that each is computed once. */
export function withValues(
  values: readonly Value[],
  build: (names: readonly string[]) => string,
): string {
  const made = values.filter(({ sql }) => !name.test(sql))
  if (made.length === 0) return build(values.map(({ sql }) => sql))
  const alias = aliasFor(made)
  const columns = made.map(({ sql }, at) => `${sql} as p${at}`).join(', ')
  const names = values.map((value) => {
    const at = made.indexOf(value)
    return at < 0 ? value.sql : `${alias}.p${at}`
  })
  // "offset 0" keeps the planner from writing the values out wherever they are mentioned: that doubles
  // the work with every level, and evaluates constants before the condition that guards them.
  return `(select ${build(names)} from (select ${columns} offset 0) as ${alias})`
}

/** One deeper than whatever the values use themselves. */
function aliasFor(values: readonly Value[]): string {
  const taken = values.flatMap(({ sql }) =>
    [...sql.matchAll(/\bl(\d{1,4})\.p/g)].map((match) => Number(match[1])),
  )
  return `l${Math.max(0, ...taken) + 1}`
}

export function withValue(value: Value, build: (name: string) => string): string {
  return withValues([value], ([only]) => build(only!))
}

/** For what mentions its value once and cannot raise: null for null, a value for any other. */
export function derived(of: Value, type: string, sql: string): Value {
  const { fails, note } = of
  return { sql, type, fails, ...(note === undefined ? {} : { note }) }
}

/**
 * Null for null. Where `build` makes null of any other value, that is a refusal.
 * @param build may mention the name as often as it likes
 */
export function checked(
  of: Value,
  type: string,
  build: (name: string) => string,
  code: Fail['code'] = 'value_invalid',
): Value {
  const condition = withValue(of, (p) => `(${p} is not null and ${build(p)} is null)`)
  const fail: Fail = { condition, code, onlyNull: true }
  return { ...derived(of, type, withValue(of, build)), fails: [...of.fails, fail] }
}

/** A value as it is, refused where the condition holds. */
export function refusedWhere(
  of: Value,
  code: Fail['code'],
  build: (name: string) => string,
): Value {
  return { ...of, fails: [...of.fails, { condition: withValue(of, build), code }] }
}

/** Of parts that are null where they fail, while the whole is not. */
export function failsOfParts(parts: readonly Value[]): Fail[] {
  return parts.flatMap(({ fails }) => fails.map(({ condition, code }) => ({ condition, code })))
}
