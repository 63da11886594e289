import { stripVTControlCharacters } from 'node:util'
import { describe, expect, test } from 'vitest'
import { changes } from '../../../scripts/ferry/display/changes.ts'
import { displayKind } from '../../../scripts/ferry/display/display.ts'
import { bar, duration, percent, printable, rate } from '../../../scripts/ferry/display/format.ts'
import { frame } from '../../../scripts/ferry/display/frame.ts'
import { done, entity, migration, report, waiting } from './reports.ts'

const ESCAPE = '\u001B'
const plain = (columns: number, rows = 40) => ({ columns, rows, color: false })

const letters = (error_code: string, refused: number, unresolved: number) => ({
  entity_name: 'public.visits',
  error_code,
  rule: null,
  columns: ['patient_id'],
  refused,
  unresolved,
})

describe('a frame', () => {
  test('at 120 columns has every part', () => {
    expect(frame(report(), plain(120))).toMatchInlineSnapshot(`
      [
        "clinic 3f9c1111  running   43% · 43,210 of 100,000 rows · 4,548/s · 12s left",
        "",
        "public.patients  completed  10,000             100%    900/s      ████████████████",
        "public.visits    running    33,210  of 66,420   50%  12.3k/s  3s  ████████░░░░░░░░",
        "public.invoices  pending         0  of 23,580    0%               ░░░░░░░░░░░░░░░░",
      ]
    `)
  })

  test('at 80 columns has no bar', () => {
    expect(frame(report(), plain(80))).toMatchInlineSnapshot(`
      [
        "clinic 3f9c1111  running   43% · 43,210 of 100,000 rows · 4,548/s · 12s left",
        "",
        "public.patients  completed  10,000             100%    900/s",
        "public.visits    running    33,210  of 66,420   50%  12.3k/s  3s",
        "public.invoices  pending         0  of 23,580    0%",
      ]
    `)
  })

  test('at 50 columns keeps rows and share', () => {
    expect(frame(report(), plain(50))).toMatchInlineSnapshot(`
      [
        "clinic 3f9c1111  running",
        "43% · 43,210 of 100,000 rows · 4,548/s · 12s left",
        "",
        "public.patients  completed  10,000  100%",
        "public.visits    running    33,210   50%",
        "public.invoices  pending         0    0%",
      ]
    `)
  })

  test.each([21, 30, 44, 45, 54, 55, 66, 67, 84, 85, 132, 250])(
    'fits %i columns, however long the names are',
    (columns) => {
      const long = entity({ entity_name: `public.${'long_'.repeat(60)}`, records_total: 1e12 })
      const errors = [
        { entity_name: long.entity_name, error_type: 'unknown', error_code: 'x', errors: 3 },
      ]
      const shown = frame(report({ entities: [long, entity()], errors }), {
        ...plain(columns),
        color: true,
      })
      for (const line of shown) {
        expect(stripVTControlCharacters(line).length).toBeLessThan(columns)
      }
    },
  )

  test.each([5, 10, 24])('fits %i rows and keeps what moves or failed', (rows) => {
    const entities = [
      ...Array.from({ length: 30 }, (_, at) => done(`public.done_${at}`, 10)),
      entity({ entity_name: 'public.moving' }),
      ...Array.from({ length: 30 }, (_, at) => waiting(`public.later_${at}`, 10)),
    ]
    const lines = frame(report({ entities }), plain(100, rows))
    expect(lines.length).toBeLessThan(rows)
    expect(lines.join('\n')).toContain('public.moving')
    expect(lines.at(-1)).toMatch(/^… and \d+ more: .*completed/)
  })

  test('tells refused rows per entity and why, where there are any', () => {
    const shown = frame(
      report({
        migration: migration({ records_failed: 12 }),
        entities: [done('public.patients', 10_000), entity({ records_failed: 12 })],
        errors: [
          {
            entity_name: null,
            error_type: 'connection_error',
            error_code: 'source_lost',
            errors: 2,
          },
        ],
        dead_letters: [
          letters('reference_missing', 11, 11),
          letters('range_violated', 1, 1),
          letters('duplicate', 4, 0),
        ],
      }),
      plain(120),
    )
    expect(shown).toMatchInlineSnapshot(`
      [
        "clinic 3f9c1111  running   43% · 43,210 of 100,000 rows · 12 refused · 4,548/s · 12s left",
        "",
        "public.patients  completed  10,000             100%                900/s      ████████████████",
        "public.visits    running    33,210  of 66,420   50%  12 refused  12.3k/s  3s  ████████░░░░░░░░",
        "",
        "errors: 2 × source_lost",
        "refused: 11 × reference_missing in public.visits, 1 × range_violated in public.visits",
      ]
    `)
  })

  test('says how it ended', () => {
    const ended = migration({
      status: 'completed',
      progress_percentage: 100,
      records_read: 100_000,
      elapsed_seconds: 21.4,
      eta_seconds: null,
    })
    expect(frame(report({ migration: ended }), plain(120))[0]).toBe(
      'clinic 3f9c1111  completed   100% · 100,000 of 100,000 rows · 4,548/s · in 22s',
    )
  })

  test('says why it failed', () => {
    const failed = migration({ status: 'failed', failure_code: 'x', failure_reason: 'No source.' })
    expect(
      frame(report({ migration: failed }), plain(120))
        .slice(0, 2)
        .join(' '),
    ).toContain('No source.')
  })

  test.each([
    ['cancelled', { status: 'failed', control_state: 'cancelled' }],
    ['paused', { status: 'running', control_state: 'paused' }],
    ['parked', { status: 'running', control_state: 'parked' }],
  ] as const)('%s is said in one word', (word, state) => {
    expect(frame(report({ migration: migration(state) }), plain(120))[0]).toContain(`  ${word}   `)
  })

  test('has colour only where it is wanted', () => {
    expect(frame(report(), plain(120)).join('')).not.toContain(ESCAPE)
    expect(frame(report(), { ...plain(120), color: true }).join('')).toContain(ESCAPE)
  })

  test('gives no table name power over the terminal', () => {
    const hostile = entity({ entity_name: `public.${ESCAPE}[2Jx\u202Ey\nz` })
    const shown = frame(report({ entities: [hostile] }), plain(120))
    expect(shown).toHaveLength(3)
    expect(shown[2]).toContain('public.�[2Jx�y�z')
  })
})

describe('plain lines', () => {
  test('the first look tells what is under way, not what waits', () => {
    expect(changes(undefined, report())).toMatchInlineSnapshot(`
      [
        "public.patients completed, 10,000 rows, 900/s",
        "public.visits running, 33,210 of 66,420 rows, 50%, 12.3k/s",
        "migration 3f9c1111-2222-4333-8444-555555555555 running, 43,210 of 100,000 rows",
      ]
    `)
  })

  test('nothing is said where nothing changed but time and a few rows', () => {
    const later = report({
      migration: migration({ records_read: 43_999, elapsed_seconds: 11 }),
      entities: [
        done('public.patients', 10_000),
        entity({ records_read: 34_000, progress_percentage: 51.2 }),
        waiting('public.invoices', 23_580),
      ],
    })
    expect(changes(report(), later)).toEqual([])
  })

  test('a step of ten percent and an end are one line each', () => {
    const later = report({
      migration: migration({ status: 'completed', records_read: 100_000, records_failed: 7 }),
      entities: [
        done('public.patients', 10_000),
        entity({ records_read: 40_000, progress_percentage: 60.2 }),
        { ...done('public.invoices', 23_580), records_failed: 7 },
      ],
    })
    expect(changes(report(), later)).toEqual([
      'public.visits running, 40,000 of 66,420 rows, 60%, 12.3k/s',
      'public.invoices completed, 23,580 rows, 7 refused, 900/s',
      'migration 3f9c1111-2222-4333-8444-555555555555 completed, 100,000 of 100,000 rows, 7 refused',
    ])
  })
})

test('the live picture is for terminals that can show it', () => {
  expect(displayKind(false, { isTTY: true }, { TERM: 'xterm' })).toBe('live')
  expect(displayKind(false, {}, { TERM: 'xterm' })).toBe('lines')
  expect(displayKind(false, { isTTY: true }, { TERM: 'dumb' })).toBe('lines')
  expect(displayKind(false, { isTTY: true }, { CI: 'true' })).toBe('lines')
  expect(displayKind(true, { isTTY: true }, {})).toBe('json')
})

test('numbers as people read them', () => {
  expect([0.5, 59, 60, 3661, 90_000, 400_000].map(duration)).toEqual([
    '1s',
    '59s',
    '1m 00s',
    '1h 01m',
    '1d 01h',
    '4d 15h',
  ])
  expect([null, -1, Number.NaN].map(duration)).toEqual(['', '', ''])
  expect([null, 0, 2.25, 9999, 12_345, 2_500_000].map(rate)).toEqual([
    '',
    '',
    '2.3/s',
    '9,999/s',
    '12.3k/s',
    '2.5M/s',
  ])
  expect(percent(0.9999)).toBe('99%')
  expect([0, 0.5, 1, 7].map((share) => bar(share, 4))).toEqual(['░░░░', '██░░', '████', '████'])
  expect(bar(1 / 16, 4)).toBe('▎░░░')
  expect(printable('zażółć 表')).toBe('zażółć 表')
})
