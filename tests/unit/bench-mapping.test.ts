/** The bench of mappings: its script by hand, its tables and its profile, from made-up runs. */
import { describe, expect, it } from 'vitest'
import { entityNamespace } from '../../shared/projection/name-uuid.ts'
import { DEFAULT_DATASET } from '../bench/dataset.ts'
import { byHandSteps, requireMixedPair, SYSTEM } from '../bench/mapping/by-hand.ts'
import type { MappedRun } from '../bench/mapping/ferry.ts'
import type { ByHandRun, MappingMeasurements } from '../bench/mapping/measure.ts'
import { byPart, profileSettings } from '../bench/mapping/profile.ts'
import { requireSame } from '../bench/mapping/same-rows.ts'
import { mappingTables } from '../bench/mapping/tables.ts'
import { readOptions } from '../bench/options.ts'

const use = {
  wall_ms: 9000,
  source_cpu_seconds: 2,
  target_cpu_seconds: 10,
  client_cpu_seconds: 3,
  foreign_cpu_share: 0.01,
}

function run(changed: Partial<MappedRun> = {}): MappedRun {
  return {
    ...use,
    copy_ms: 4000,
    finish_ms: 2000,
    verify_ms: 1000,
    rows_read: 2_000_000,
    rows_refused: 7,
    rows_left_out: 0,
    function_main_thread_seconds: 1,
    function_cpu_seconds: 2,
    function_peak_mib: 100,
    invocations: 4,
    kills: 0,
    engine: { lanes: 2, batches: 20, batch_rows_largest: 130_000, idle_lane_share: 0.1 },
    ...changed,
  }
}

function byHand(wall_ms: number): ByHandRun {
  const times = { map: 1000, rows: 3000, indexes: 2000, 'foreign key': 500, rest: 100 }
  return { ...use, wall_ms, client_cpu_seconds: 0, times }
}

const measured: MappingMeasurements = {
  by_hand: [byHand(20_000), byHand(40_000)],
  clones: [run(), run({ wall_ms: 17_000, foreign_cpu_share: 0.04 })],
  clinics: [run({ rows_read: 1_000_000, copy_ms: 20_000 })],
  memory: [
    { batch_rows: 2000, run: run({ function_peak_mib: 61 }) },
    { batch_rows: 200_000, run: run({ function_peak_mib: 62 }) },
  ],
  profiles: { clone: undefined, clinic: undefined },
}

/** The cells of the line that begins with `first`. */
function cells(lines: readonly string[], first: string): string[] {
  const line = lines.find((each) => each.startsWith(`| ${first}`)) ?? ''
  return line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim())
}

describe('by hand', () => {
  const steps = byHandSteps({ port: 5433, database: 'old' })
  const script = steps.map(({ statement }) => statement).join(';\n')

  it('is one transaction that ends with its commit', () => {
    expect(steps[0]!.statement.trim()).toMatch(/^begin;/)
    expect(steps.at(-1)!.statement).toBe('commit')
    expect(script.match(/\b(begin|commit)\b/g)).toHaveLength(2)
  })
  it('gives the same names to the same rows as a plan does', () => {
    for (const table of ['item_0', 'item_1']) {
      expect(script).toContain(entityNamespace(SYSTEM, `public.${table}`))
    }
  })
  it('builds every index when its table is full', () => {
    const at = (text: string) => script.indexOf(text)
    expect(at('primary key (id)')).toBeGreaterThan(at('insert into item_1'))
    expect(at('primary key (source_table')).toBeGreaterThan(at('insert into item_1'))
    expect(at('foreign key (parent_id)')).toBeGreaterThan(at('item_0 add primary key'))
  })
  it('is for the dataset that it was written for', () => {
    expect(() => requireMixedPair(DEFAULT_DATASET)).not.toThrow()
    expect(() => requireMixedPair({ ...DEFAULT_DATASET, tables: 3 })).toThrow('two tables')
    expect(() => requireMixedPair({ ...DEFAULT_DATASET, types: 'text' })).toThrow('mixed types')
  })
})

describe('both ways', () => {
  it('have to come to the same rows and the same map', () => {
    const one = { item_0: '2 rows, 5', 'the map': '4 rows, 9' }
    expect(() => requireSame(one, { ...one })).not.toThrow()
    expect(() => requireSame(one, { ...one, 'the map': '4 rows, 8' })).toThrow('differ in the map')
    expect(() => requireSame(one, { item_0: '2 rows, 5' })).toThrow('differ in the map')
  })
})

describe('tables', () => {
  const lines = mappingTables(measured)

  it('compare without the verification, round by round', () => {
    // 8 of 20 s and 16 of 40 s
    expect(cells(lines, 'mapped clone ÷').slice(1)).toEqual(['0.40', '0.40 to 0.40', '0.4'])
    expect(cells(lines, 'mapped clone without').slice(1)).toEqual(['12.00', '8.00 to 16.00', ''])
    expect(cells(lines, '— CPU of servers')[1]).toBe('1.25')
  })
  it('count the rows read, whatever became of them, by the time of the copy', () => {
    expect(cells(lines, 'clinic, rows read').slice(1)).toEqual(['50000', '', '40000'])
  })
  it('tell the memory of both sizes of batches, and the noise', () => {
    expect(cells(lines, 'peak memory of a function, batch_rows 2000 ')[1]).toBe('61')
    expect(cells(lines, 'peak memory of a function, batch_rows 200000')[1]).toBe('62')
    expect(cells(lines, 'other load')[1]).toBe('4 %')
  })
  it('leave out what was not measured', () => {
    const none = mappingTables({ ...measured, by_hand: [], clinics: [], memory: [] })
    expect(cells(none, 'mapped clone ÷')).toEqual([])
    expect(cells(none, 'clinic, rows')).toEqual([])
    expect(cells(none, 'by hand: map')).toEqual([])
    expect(cells(none, 'copy (s)').slice(1)).toEqual(['4.00', ''])
  })
})

describe('the profile', () => {
  const top = (query: string, ms: number) => ({ query, ms, is_top: true })
  const inside = (query: string, ms: number) => ({ query, ms, is_top: false })
  const { parts, lane_seconds } = byPart(
    [
      top('copy "pg_temp"."ferry_stage" ("s0") from stdin (format binary)', 1000),
      top('select loaded::text from migration.load_stage($1)', 5000),
      inside('insert into pg_temp.ferry_rows select s.ctid as place', 2000),
      inside(
        'insert into public.item_0 (id) select r.c0 from pg_temp.ferry_rows r where true',
        1200,
      ),
      inside('insert into migration.id_map select $1, r.key from pg_temp.ferry_rows r', 1100),
      inside('select count(*) from pg_temp.ferry_rows r', 100),
      top('select * from migration.claim_batch($1, $2)', 50),
      inside('create index on public.item_0 (a)', 9000),
      inside(
        'insert into pg_temp.ferry_compared (key) select e.key from pg_temp.ferry_rows e',
        9000,
      ),
    ],
    run(),
  )

  it('counts each second of the lanes once', () => {
    expect(lane_seconds).toBe(8)
    expect(Object.values(parts).reduce((sum, each) => sum + each, 0)).toBeCloseTo(8)
  })
  it('tells the parts of a load apart, and leaves out what is none', () => {
    expect(parts['COPY into the stage, waiting for the source included']).toBe(1)
    expect(parts['transform: the stage into computed rows']).toBe(2)
    expect(parts['rows into the target']).toBe(1.2)
    expect(parts.map).toBe(1.1)
    expect(parts['the rest on temporary tables']).toBe(0.1)
    expect(parts['the rest of migration.load_stage']).toBeCloseTo(0.6)
    expect(parts['lanes without a batch: commits, claims, nothing to do']).toBeCloseTo(0.8)
    expect(parts['batches beside statements: reading keys, the way there and back']).toBeCloseTo(
      1.2,
    )
  })
  it('needs a server that counts nothing until it is asked to', () => {
    expect(profileSettings(17)['pg_stat_statements.track']).toBe('none')
  })
})

describe('options', () => {
  it('take a clinic of a million rows where nobody asks for another', () => {
    expect(readOptions(['--mapping'])).toMatchObject({ mapping: true, clinicScale: 10 })
    expect(readOptions(['--mapping', '--clinic', '1']).clinicScale).toBe(1)
    expect(readOptions([]).mapping).toBe(false)
  })
})
