/** The scaling curve's points, and its tables from made-up measurements. */
import { describe, expect, it } from 'vitest'
import { stepKeeping } from '../bench/control-functions.ts'
import { DEFAULT_DATASET, databaseName } from '../bench/dataset.ts'
import { readOptions } from '../bench/options.ts'
import type { Measurement } from '../bench/rounds.ts'
import { pointsOf } from '../bench/scaling.ts'
import { scalingTables } from '../bench/scaling-tables.ts'

const points = pointsOf(DEFAULT_DATASET, true)

describe('points', () => {
  it('grow in rows, then in tables, and end with empty ones', () => {
    expect(points.map(({ name, dataset }) => [name, dataset.rows, dataset.tables])).toEqual([
      ['10 k rows', 10_000, 2],
      ['100 k rows', 100_000, 2],
      ['1 M rows', 1_000_000, 2],
      ['10 M rows', 10_000_000, 2],
      ['1 table', 200_000, 1],
      ['10 tables', 200_000, 10],
      ['100 tables', 200_000, 100],
      ['1000 tables', 200_000, 1000],
      ['1000 empty tables', 0, 1000],
    ])
    expect(pointsOf(DEFAULT_DATASET, false).map(({ name }) => name)).not.toContain('10 M rows')
  })
  it('have a database each', () => {
    expect(new Set(points.map(({ dataset }) => databaseName(dataset))).size).toBe(points.length)
  })
})

function run(contender: string, wall_ms: number): Measurement {
  return {
    contender,
    league: 'clone',
    round: 1,
    wall_ms,
    source_cpu_seconds: 0,
    target_cpu_seconds: 0,
    client_cpu_seconds: 0,
    foreign_cpu_share: 0,
    phases_ms: { copy: wall_ms / 2, finish: 0, verify: 0 },
    functions: {
      claim_batch: { calls: 4, total_ms: 2 },
      run_steps: { calls: 2, total_ms: 100 },
      _try_step: { calls: 10, total_ms: 90 },
    },
  }
}

/** The cells of the line that begins with `first`. */
function cells(lines: readonly string[], first: string): string[] {
  const line = lines.find((each) => each.startsWith(`| ${first} `)) ?? ''
  return line.split(/(?<!\\)\|/).map((cell) => cell.trim())
}

describe('tables', () => {
  const measured = [
    { point: points[1]!, measurements: [run('ferry run', 2000)] },
    {
      point: points[2]!,
      measurements: [5000, 7000, 6000].map((wall) => run('ferry run', wall)),
    },
    {
      point: points[7]!,
      measurements: [run('ferry run', 20_000), run('pgcopydb clone', 16_000)],
    },
    { point: points[8]!, measurements: [run('ferry run', 10_000)] },
  ]
  const lines = scalingTables(measured)

  it('tell the time per million rows, and of the rows beyond the point before alone', () => {
    expect(cells(lines, '100 k rows').slice(2, 6)).toEqual(['2.00', '', '20', ''])
    expect(cells(lines, '1 M rows').slice(2, 6)).toEqual(['6.00', '5.0–7.0', '6.00', '4.44'])
  })
  it('tell the time per table beside the rival', () => {
    expect(cells(lines, '1000 tables').slice(2, 10)).toEqual([
      '20',
      '',
      '20',
      '',
      '10.00',
      '0.00',
      '0.00',
      '16',
    ])
    expect(cells(lines, '1000 empty tables').slice(2, 6)).toEqual(['10', '', '10', ''])
  })
  it('tell calls and mean times, of steps without their statements', () => {
    expect(cells(lines, 'claim_batch').slice(2, 4)).toEqual(['4 × 0.50', '4 × 0.50'])
    expect(cells(lines, 'run_steps, per step, its statement left out')[2]).toBe('10 × 1.00')
    expect(cells(lines, 'watchdog').slice(2, 6)).toEqual(['', '', '', ''])
    expect(stepKeeping({ run_steps: { calls: 1, total_ms: 1 } })).toBeUndefined()
  })
})

describe('options', () => {
  it('leave the number of lanes to ferry run where nobody asks for one', () => {
    expect(readOptions([]).lanes).toBeUndefined()
    expect(readOptions(['--lanes', '3']).lanes).toBe(3)
  })
})
