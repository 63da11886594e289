/** When a sweep runs: `30 seconds`, or five fields of cron. What the database evaluates, held against it early. */
import { z } from 'zod'

/** Least and greatest of minute, hour, day, month and day of the week. */
const fields = [
  [0, 59],
  [0, 23],
  [1, 31],
  [1, 12],
  [0, 7],
] as const

const seconds = /^([1-9][0-9]{0,4}) seconds?$/
const part = /^(?:\*|([0-9]{1,2})(?:-([0-9]{1,2}))?)(?:\/([1-9][0-9]?))?$/

export function isSchedule(text: string): boolean {
  if (seconds.test(text)) return true
  const given = text.split(' ')
  return given.length === fields.length && fields.every((range, at) => isField(given[at]!, range))
}

function isField(text: string, [least, most]: readonly [number, number]): boolean {
  return text.split(',').every((each) => {
    const match = part.exec(each)
    if (match === null) return false
    if (match[1] === undefined) return true
    const [from, to] = [Number(match[1]), Number(match[2] ?? match[1])]
    return least <= from && from <= to && to <= most
  })
}

export const scheduleSchema = z
  .string()
  .max(100)
  .refine(isSchedule, {
    message: 'expected "N seconds" or five fields of cron, such as "0 3 * * *"',
  })
  .nullable()
