/** The type that holds several values as they are. */
import { isFloat, isNumber, isText, plainType } from './type-text.ts'
import { isNull, type Value } from './value.ts'

const exact = ['smallint', 'integer', 'bigint', 'numeric']
const times = new Set(['date', 'timestamp without time zone'])

/** Undefined where there is none. What the plan writes out follows what comes from rows. */
export function commonType(values: readonly Value[]): string | undefined {
  const present = values.filter((value) => !isNull(value))
  const read = present.filter(({ literal }) => literal !== true)
  const leading = commonOf(read.map(({ type }) => type))
  if (read.length === 0) return commonOf(present.map(({ type }) => type)) ?? textIfNone(present)
  if (leading === undefined || !isNumber(leading) || isFloat(leading)) return leading
  // A number that the plan writes out may have digits that the column has no place for.
  const numbers = present.filter(({ literal, type }) => literal === true && isNumber(type))
  return commonOf([leading, ...numbers.map(({ type }) => type)])
}

function textIfNone(present: readonly Value[]): string | undefined {
  return present.length === 0 ? 'text' : undefined
}

function commonOf(types: readonly string[]): string | undefined {
  const [first, ...others] = [...new Set(types.map(plainType))]
  if (first === undefined) return undefined
  const all = [first, ...others]
  if (all.every(isText)) return 'text'
  if (others.length === 0) return first
  if (all.every((type) => times.has(type))) return 'timestamp without time zone'
  if (!all.every(isNumber)) return undefined
  if (!all.some(isFloat)) return exact[Math.max(...all.map((type) => exact.indexOf(type)))]
  return all.includes('numeric') ? undefined : 'double precision'
}
