/** What `ferry report` prints. */
import { expect, test } from 'vitest'
import { summaryLines } from '../../../scripts/report/summary.ts'
import { finding, migration, report, verification } from './reports.ts'

const screen = { columns: 100, rows: 1000, color: false }

test('a completed migration in a few lines', () => {
  expect(summaryLines(report(), screen)).toEqual([
    'clinic 3f9c1111  completed',
    '  rows      1,230,000 moved, 67 refused, 4,500 filtered',
    '  time      1m 00s, 30.8k/s, 211 MiB',
    '  tables    3 of 3, 4 of 4 steps',
    '  verified  passed (full): 1,230,000 records, 0 findings',
    '  calls     26 of 30 accepted, 160 batches, 1 left by functions that died',
    '',
    'slowest',
    '  public.visits    1,000,000 rows  36.0 s  27.8k/s',
    '  public.invoices     50,000 rows  13.0 s  3,846/s',
    '  public.patients    180,000 rows   9.0 s  20.0k/s',
    '',
    'refused',
    '  60 × reference_missing in public.visits: patient, patient_id',
    '  7 × range_violated in public.visits',
    '',
    'errors',
    '  7 × source_lost in public.visits',
  ])
})

test('findings are named, and counted where there are more', () => {
  const lines = summaryLines(
    report({
      migration: migration({ status: 'failed', failure_code: 'verification_failed' }),
      verification: verification({
        status: 'failed',
        findings_total: 12,
        findings: [
          finding(),
          finding({ kind: 'missing', row_key: ['a\u001b[31m', '2'], columns: [] }),
          finding({ kind: 'schema', row_key: null, columns: [], object_name: 'visits_idx' }),
        ],
      }),
    }),
    screen,
  )
  const begin = lines.indexOf('findings')
  expect(lines[0]).toBe('clinic 3f9c1111  failed')
  expect(lines.slice(begin + 1, begin + 5)).toEqual([
    '  public.visits: changed key 4711 in notes, updated_at',
    '  public.visits: missing key a�[31m, 2',
    '  public.visits: schema in visits_idx',
    '  … and 9 more',
  ])
})

test('no line is wider than the screen', () => {
  const lines = summaryLines(report(), { ...screen, columns: 40 })
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(39)
})
