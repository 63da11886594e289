/** A schedule of pg_cron: every so many seconds, or five fields in GMT. */
import { Cron } from 'croner'

export type Schedule =
  | { readonly kind: 'seconds'; readonly seconds: number }
  | { readonly kind: 'fields'; matches(minute: Date): boolean }
  | { readonly kind: 'reboot' }

/** The SQL functions have checked the text; undefined where it means nothing nevertheless. */
export function parseSchedule(text: string): Schedule | undefined {
  const interval = /^\s*(\d+)\s+seconds?\s*$/i.exec(text)
  if (interval) return { kind: 'seconds', seconds: Number(interval[1]) }
  const trimmed = text.trim().toLowerCase()
  if (trimmed === '@reboot') return { kind: 'reboot' }
  // What follows the fifth field is ignored, as the real parser does; `$` is its last day of the month.
  const pattern = trimmed.startsWith('@')
    ? trimmed
    : trimmed.split(/\s+/).slice(0, 5).join(' ').replaceAll('$', 'L')
  try {
    const cron = new Cron(pattern, { timezone: 'Etc/UTC', paused: true })
    return { kind: 'fields', matches: (minute) => cron.match(minute) }
  } catch {
    return undefined
  }
}
