/** When a sweep runs: `30 seconds`, or five fields of cron. What the database evaluates, held against it early. */
import { z } from 'zod'

interface Field {
  readonly least: number
  readonly most: number
  /** What `least` and those behind it are called, too. */
  readonly names: readonly string[]
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']
/** Minute, hour, day, month and day of the week. */
const fields: readonly Field[] = [
  { least: 0, most: 59, names: [] },
  { least: 0, most: 23, names: [] },
  { least: 1, most: 31, names: [] },
  { least: 1, most: 12, names: months },
  { least: 0, most: 7, names: days },
]

const seconds = /^([1-9][0-9]{0,4}) seconds?$/
/** A step goes with what has more than one value. */
const part = /^(?:(?:\*|(\w{1,3})-(\w{1,3}))(?:\/([1-9][0-9]?))?|(\w{1,3}))$/

export function isSchedule(text: string): boolean {
  if (seconds.test(text)) return true
  const given = text.toLowerCase().split(' ')
  return given.length === fields.length && fields.every((field, at) => isField(given[at]!, field))
}

function isField(text: string, field: Field): boolean {
  const { least, most } = field
  return text.split(',').every((each) => {
    const match = part.exec(each)
    if (match === null) return false
    const [, first, last, step, alone] = match
    if (Number(step ?? 1) > most - least + 1) return false
    const from = numberOf(first ?? alone, field) ?? least
    const to = numberOf(last ?? alone, field) ?? most
    return least <= from && from <= to && to <= most
  })
}

/** Not a number where it is none of the field's. */
function numberOf(text: string | undefined, { least, names }: Field): number | undefined {
  if (text === undefined) return undefined
  if (/^[0-9]{1,2}$/.test(text)) return Number(text)
  const at = names.indexOf(text)
  return at < 0 ? Number.NaN : least + at
}

export const scheduleSchema = z
  .string()
  .max(100)
  .refine(isSchedule, {
    message: 'expected "N seconds" or five fields of cron, such as "0 3 * * *"',
  })
  .nullable()
