/** Five fields in GMT, read as pg_cron reads them. */
import { expect, it } from 'vitest'
import { parseSchedule } from '../../scripts/local/workers/cron/schedule.ts'

function matches(text: string, minute: string): boolean {
  const schedule = parseSchedule(text)
  if (schedule?.kind !== 'fields') throw new Error(`${text} is no schedule of fields`)
  return schedule.matches(new Date(minute))
}

it.each([
  ['* * * * *', '2026-03-29T01:30:00Z', true],
  ['30 1 * * *', '2026-03-29T01:30:00Z', true],
  ['30 2 * * *', '2026-03-29T01:30:00Z', false],
  ['*/10 * * * *', '2026-01-01T00:20:00Z', true],
  ['*/10 * * * *', '2026-01-01T00:25:00Z', false],
  // A sixth field is ignored: every ten minutes, not every ten seconds.
  ['*/10 * * * * *', '2026-01-01T00:20:00Z', true],
  ['*/10 * * * * *', '2026-01-01T00:21:00Z', false],
  ['0 0 $ * *', '2026-02-28T00:00:00Z', true],
  ['0 0 $ * *', '2026-02-27T00:00:00Z', false],
  ['0 0 1 * mon', '2026-06-01T00:00:00Z', true],
  // Day of month or day of week, where both are restricted.
  ['0 0 13 * fri', '2026-06-05T00:00:00Z', true],
  ['0 0 * * 7', '2026-06-07T00:00:00Z', true],
  ['@hourly', '2026-06-07T05:00:00Z', true],
])('%s at %s: %s', (text, minute, expected) => {
  expect(matches(text, minute)).toBe(expected)
})

it('reads an interval in seconds', () => {
  expect(parseSchedule(' 10 Seconds ')).toEqual({ kind: 'seconds', seconds: 10 })
})
