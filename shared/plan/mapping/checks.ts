/** What refuses a row, in the order in which the reasons count. */
import type { CompiledRefusal } from '../../projection/mapping.ts'
import { quoteIdent, quoteTable } from '../../projection/quote.ts'
import type { Fail } from '../expression/value.ts'
import type { MadeColumn, MadeReference } from './compile-columns.ts'
import type { Intent } from './intent.ts'
import { equality } from './reference.ts'
import type { World } from './world.ts'

export interface Check {
  readonly refusal: CompiledRefusal
  /** SQL that holds where a row is refused; null where the statement itself does not look. */
  readonly condition: string | null
  readonly late?: MadeReference
}

/** What a rule of the plan refuses. */
export interface Rejection {
  readonly name: string
  readonly code: string
  readonly columns: readonly string[]
  /** Over `v`; absent for what is decided among rows. */
  readonly violation?: string
}

export function checksOf(
  intent: Intent,
  columns: readonly MadeColumn[],
  rejections: readonly Rejection[],
): Check[] {
  return [
    ...columns.flatMap((column, at) =>
      valueChecks(column, at, ['value_invalid', 'value_unmapped']),
    ),
    ...columns.flatMap((column, at) => requiredCheck(column, at)),
    ...columns.flatMap((column, at) => valueChecks(column, at, ['length_violated'])),
    ...rejections.flatMap(ruleCheck),
    ...columns.flatMap(referenceChecks),
    ...(intent.strategy === 'lookup' ? lookupChecks(intent) : []),
    ...rejections.flatMap((each) =>
      each.violation === undefined ? [{ refusal: ruleRefusal(each), condition: null }] : [],
    ),
  ]
}

/** Of rules: `refused` is a number of these. */
export function isRule(check: Check, { name, code }: Rejection): boolean {
  return check.refusal.rule === name && check.refusal.code === code
}

function valueChecks(column: MadeColumn, at: number, codes: readonly Fail['code'][]): Check[] {
  const { target } = column.wanted
  return codes.flatMap((code) => {
    const conditions = column.fails
      .filter((fail) => fail.code === code)
      // What is there was made, and nothing else has to be asked of it.
      .map(({ condition, onlyNull }) =>
        onlyNull === true ? `${isNull(column, at)} and ${condition}` : condition,
      )
    if (conditions.length === 0) return []
    const what = code === 'length_violated' ? 'length of' : 'value of'
    return [
      {
        refusal: refusal(code, `${what} ${target}`, [target]),
        condition: conditions.map((each) => `(${each})`).join(' or '),
      },
    ]
  })
}

function requiredCheck(column: MadeColumn, at: number): Check[] {
  const { wanted, type, references, isFull } = column
  if (!type.not_null || isFull) return []
  // A parent that is not there is a reason of its own.
  const others = references.flatMap(({ missing, missed }) =>
    missing === null || missed === 'null' ? [] : [` and not ${missing}`],
  )
  return [
    {
      refusal: refusal('required_missing', `${wanted.target} is required`, [wanted.target]),
      condition: `${isNull(column, at)}${others.join('')}`,
    },
  ]
}

/** Of a composite value with nulls alone, `is null` would hold too. */
function isNull({ type }: MadeColumn, at: number): string {
  return type.isBuiltin ? `v.c${at} is null` : `v.c${at} is not distinct from null`
}

function ruleCheck(rejection: Rejection): Check[] {
  const { violation } = rejection
  return violation === undefined ? [] : [{ refusal: ruleRefusal(rejection), condition: violation }]
}

function ruleRefusal({ name, code, columns }: Rejection): CompiledRefusal {
  return { ...refusal(code, name, columns), ...(code === 'duplicate' ? { kind: constraint } : {}) }
}

const constraint = 'constraint_violation'

function referenceChecks({ wanted, references }: MadeColumn): Check[] {
  return references.flatMap((reference) => {
    const { missed, missing, isLate } = reference
    if (missed === 'null') return []
    const made = {
      ...refusal('reference_missing', `reference ${wanted.target}`, [wanted.target]),
      kind: constraint,
      ...(missed === 'skip' ? { skips: true as const } : {}),
    } as const
    return [{ refusal: made, condition: missing, ...(isLate ? { late: reference } : {}) }]
  })
}

function lookupChecks({ columns, id }: Intent): Check[] {
  const by = columns.flatMap(({ target }) => (target === id ? [] : [target]))
  const made = (code: string) => ({ ...refusal(code, 'look-up', by), kind: constraint }) as const
  return [
    { refusal: made('lookup_missing'), condition: 'l.n = 0' },
    { refusal: made('lookup_ambiguous'), condition: 'l.n > 1' },
  ]
}

function refusal(code: string, rule: string, columns: readonly string[]): CompiledRefusal {
  return { code, kind: 'data_validation', rule, columns }
}

/** The row of the target that has the values of a row of the source. */
export function lookupClause(
  { selected, id }: Intent,
  columns: readonly MadeColumn[],
  world: World,
): string {
  const conditions = columns.flatMap(({ wanted, type }, at) => {
    if (wanted.expression === null) return []
    const [name, value] = [`t.${quoteIdent(wanted.target)}`, `v.c${at}`]
    // Written so that an index of the target can be used.
    const equals = `${name} ${equality(type, world)} ${value}`
    return [`(${equals} or (${name} is null and ${value} is null))`]
  })
  return `left join lateral (
  select pg_catalog.count(*) as n, pg_catalog.min(t.${quoteIdent(id!)}::text)::uuid as id
  from ${quoteTable(selected.target)} t where ${conditions.join(' and ')}
) l on true`
}
