/** What the text of a schedule means, in the database, held against another reader of cron. */
import { Cron } from 'croner'
import fc from 'fast-check'
import postgres, { type Sql } from 'postgres'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { testDatabase } from '../support/database.ts'

describe('the text of a schedule', () => {
  let sql: Sql
  let drop: () => Promise<void>
  beforeAll(async () => {
    const made = await testDatabase()
    drop = made.drop
    sql = postgres(made.url, { max: 1, prepare: false, onnotice: () => undefined })
  })
  afterAll(async () => {
    await sql.end()
    await drop()
  })

  const next = async (text: string, after: string): Promise<string | null> => {
    const [row] = await sql<{ at: string | null }[]>`
      select to_char(migration._next_run(${text}, ${after}::timestamptz) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as at`
    return row!.at
  }

  const values = (low: number, high: number) =>
    fc.oneof(
      fc.constant('*'),
      fc.integer({ min: 2, max: Math.min(high, 30) }).map((step) => `*/${step}`),
      fc.integer({ min: low, max: high }).map(String),
      fc
        .tuple(fc.integer({ min: low, max: high }), fc.integer({ min: low, max: high }))
        .map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
      fc
        .tuple(
          fc.integer({ min: low, max: high }),
          fc.integer({ min: low, max: high }),
          fc.integer({ min: 1, max: Math.min(high, 9) }),
        )
        .map(([a, b, step]) => `${Math.min(a, b)}-${Math.max(a, b)}/${step}`),
      fc
        .uniqueArray(fc.integer({ min: low, max: high }), { minLength: 2, maxLength: 4 })
        .map((list) => list.join(',')),
    )
  const months = fc.oneof(values(1, 12), fc.constantFrom('jan', 'Jun', 'DEC', 'mar-may', 'feb,nov'))
  const weekdays = fc.oneof(values(0, 6), fc.constantFrom('7', 'sun', 'Mon-Fri', 'sat', '5-7'))
  const fields = fc
    .tuple(values(0, 59), values(0, 23), values(1, 31), months, weekdays)
    // There pg_cron takes both days together, because the field begins with a star.
    .filter(([, , day, , weekday]) => ![day, weekday].some((field) => field.startsWith('*/')))

  it('means the same as to another reader of cron', async () => {
    const moments = fc.date({
      min: new Date('2024-01-01T00:00:00Z'),
      max: new Date('2099-12-31T23:59:59Z'),
      noInvalidDate: true,
    })
    await fc.assert(
      fc.asyncProperty(fields, moments, async (each, moment) => {
        const after = new Date(Math.floor(moment.getTime() / 1000) * 1000)
        const text = each.join(' ')
        const expected = new Cron(text, { timezone: 'Etc/UTC', paused: true }).nextRun(after)
        const found = await next(text, after.toISOString())
        // Dates that never come are told as such by ours, and looked for longer by the other one.
        const within =
          expected !== null && expected.getTime() - after.getTime() < 8 * 366 * 86_400_000
        expect(found).toBe(within ? expected.toISOString().replace('.000', '') : found)
        if (expected === null) expect(found).toBeNull()
      }),
      { numRuns: 300 },
    )
  })

  it.each([
    ['30 seconds', '2026-11-26T10:00:07Z', '2026-11-26T10:00:37Z'],
    [' 1 second ', '2026-11-26T10:00:07Z', '2026-11-26T10:00:08Z'],
    ['0 0 29 2 *', '2096-03-01T00:00:00Z', '2104-02-29T00:00:00Z'],
    // Strictly after: what has begun at a time does not begin again at it.
    ['*/15 * * * *', '2026-11-26T10:15:00Z', '2026-11-26T10:30:00Z'],
    ['0 0 13 * fri', '2026-06-01T00:00:00Z', '2026-06-05T00:00:00Z'],
    ['0 0 */2 * fri', '2026-06-01T00:00:00Z', '2026-06-05T00:00:00Z'],
    ['0 0 31 2 *', '2026-06-01T00:00:00Z', null],
  ])('%s after %s comes at %s', async (text, after, at) => {
    expect(await next(text, after)).toBe(at)
  })

  it.each([
    '',
    '0 seconds',
    '1.5 seconds',
    '5 minutes',
    '* * * *',
    '* * * * * *',
    '60 * * * *',
    '* 24 * * *',
    '* * 0 * *',
    '* * * 13 *',
    '* * * * 8',
    '5-1 * * * *',
    '*/0 * * * *',
    '5/10 * * * *',
    '1,,2 * * * *',
    '1, * * * *',
    '* * * foo *',
    '@daily',
    "'; drop table x; --",
  ])('cannot read %j', async (text) => {
    expect(await next(text, '2026-11-26T10:00:00Z')).toBeNull()
  })
})
