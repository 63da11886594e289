/** The bench of verification: where rows are changed, and its tables from made-up rounds. */
import { describe, expect, it } from 'vitest'
import { DEFAULT_DATASET } from '../bench/dataset.ts'
import { readOptions } from '../bench/options.ts'
import { placesOf } from '../bench/verification/damage.ts'
import type { OwnTimes } from '../bench/verification/own-checksum.ts'
import type { Pass } from '../bench/verification/pass.ts'
import { usesOf, type VerificationRound } from '../bench/verification/rounds.ts'
import { verificationTables } from '../bench/verification/tables.ts'

const use = {
  wall_ms: 9000,
  source_cpu_seconds: 3,
  target_cpu_seconds: 3,
  client_cpu_seconds: 1,
  foreign_cpu_share: 0.01,
}

function own(source_ms: number, target_ms: number): OwnTimes {
  return { ...use, source_ms, target_ms }
}

function pass(rows_ms: number, changed: Partial<Pass> = {}): Pass {
  return {
    ...use,
    pass_ms: rows_ms + 500,
    rows_ms,
    boot_ms: 200,
    schema_ms: 300,
    checksum_lane_ms: rows_ms * 1.5,
    references_lane_ms: rows_ms * 0.5,
    rows_lane_ms: rows_ms * 2,
    batches: 6,
    main_thread_seconds: 0.3,
    cpu_seconds: 0.4,
    boot_main_thread_seconds: 0.1,
    boot_cpu_seconds: 0.2,
    peak_mib: 30,
    processes: 2,
    records_validated: 2_000_000,
    found: [],
    ...changed,
  }
}

function round(number: number, rows_ms: number): VerificationRound {
  return {
    round: number,
    own: { planned: own(2000, 1000), single: own(3000, 4000), together: own(5000, 4000) },
    clean: pass(rows_ms, { source_cpu_seconds: 4, target_cpu_seconds: 4 }),
    damaged: pass(rows_ms * 1.1, {
      source_cpu_seconds: 5,
      target_cpu_seconds: 5,
      peak_mib: 40,
      foreign_cpu_share: 0.03,
    }),
    repair: { ...pass(rows_ms), repair_ms: 400 },
    empty: pass(100, {
      main_thread_seconds: 0.2,
      cpu_seconds: 0.1,
      source_cpu_seconds: 0.5,
      target_cpu_seconds: 0.5,
    }),
  }
}

/** The cells of the line that begins with `first`. */
function cells(lines: readonly string[], first: string): string[] {
  const line = lines.find((each) => each.startsWith(`| ${first}`)) ?? ''
  return line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim())
}

describe('the rows that are changed', () => {
  it('are ten different ones, in all tables, within their rows', () => {
    const dataset = { ...DEFAULT_DATASET, rows: 1001, tables: 3 }
    const places = placesOf(dataset)
    expect(new Set(places.map(({ table, id }) => `${table} ${id}`)).size).toBe(10)
    expect(new Set(places.map(({ table }) => table))).toEqual(
      new Set(['item_0', 'item_1', 'item_2']),
    )
    expect(places.every(({ id }) => id >= 1 && id <= 333)).toBe(true)
  })
  it('are refused where a table has too few', () => {
    expect(() => placesOf({ ...DEFAULT_DATASET, rows: 19, tables: 2 })).toThrow('10 rows at least')
  })
})

describe('tables', () => {
  const lines = verificationTables([round(1, 6000), round(2, 10_000), round(3, 8000)], 2_000_000)

  it('compare checksums, less the references, with the slower side, round by round', () => {
    // Three quarters of the lanes' time are checksums: 4500, 7500 and 6000 ms.
    expect(cells(lines, 'checksum of both').slice(1)).toEqual(['3.00', '2.25 to 3.75', '1.3'])
    expect(cells(lines, '— alone, in one process').slice(1)).toEqual(['1.50', '1.13 to 1.88', ''])
    expect(cells(lines, '— both sides').slice(1)).toEqual(['1.20', '0.90 to 1.50', ''])
  })
  it('leave out what a pass over no rows takes', () => {
    expect(cells(lines, 'CPU of both servers,')[1]).toBe('1.17')
    expect(cells(lines, 'function CPU per million rows, main thread').slice(1)).toEqual([
      '0.050',
      '0.050 to 0.050',
      '0.1',
    ])
    expect(cells(lines, 'function CPU per million rows, all threads')[1]).toBe('0.150')
  })
  it('tell what differences add', () => {
    expect(cells(lines, 'with 10 rows that differ')[1]).toBe('10 %')
    expect(cells(lines, '— added CPU')[1]).toBe('25 %')
    expect(cells(lines, 'peak memory')[1]).toBe('40')
  })
  it('tell the noise of all that is compared, the most of it', () => {
    expect(usesOf(round(1, 1)).map((each) => each.foreign_cpu_share)).toContain(0.03)
    expect(cells(lines, 'other load')[1]).toBe('3 %')
  })
  it('tell where the time goes, and the repair by itself', () => {
    expect(cells(lines, 'pass, from').slice(1)).toEqual(['8.50', '9.30', '8.50', '0.60'])
    expect(cells(lines, 'the repair itself').slice(1)).toEqual(['', '', '0.40', ''])
  })
  it('have no range of one round', () => {
    expect(cells(verificationTables([round(1, 6000)], 1e6), 'checksum of both')[2]).toBe('')
  })
})

describe('options', () => {
  it('verify a million rows where nobody asks for more', () => {
    expect(readOptions(['--verification']).dataset.rows).toBe(1_000_000)
    expect(readOptions(['--verification', '--rows', '5000']).dataset.rows).toBe(5000)
    expect(readOptions([]).dataset.rows).toBe(DEFAULT_DATASET.rows)
  })
})
