/** Medians and ratios of measurements, as lines of markdown. */
import { left, right, table } from './markdown.ts'
import type { Measurement } from './rounds.ts'

export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b)
  const middle = sorted.length / 2
  return sorted.length % 2 === 1
    ? sorted[Math.floor(middle)]!
    : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2
}

type Pick = (each: Measurement) => number | undefined

export interface Group {
  readonly name: string
  readonly league: Measurement['league']
  readonly runs: readonly Measurement[]
  readonly failures: readonly string[]
  median(pick: Pick): number | undefined
}

export function groupsOf(measurements: readonly Measurement[]): Group[] {
  const names = [...new Set(measurements.map((each) => each.contender))].sort()
  return names.map((name) => {
    const all = measurements.filter((each) => each.contender === name)
    const runs = all.filter((each) => each.failure === undefined)
    return {
      name,
      league: all[0]!.league,
      runs,
      failures: all.flatMap((each) => each.failure ?? []),
      median(pick) {
        const numbers = runs.flatMap((each) => pick(each) ?? [])
        return numbers.length === 0 ? undefined : median(numbers)
      },
    }
  })
}

/** No other contender verifies, so that is timed apart; its CPU is in the columns all the same. */
const wall: Pick = (each) => each.wall_ms - (each.phases_ms?.verify ?? 0)

const CONTENDER_COLUMNS = [
  left('contender'),
  left('does'),
  right('median, s'),
  right('range, s'),
  right('ferry run ÷ it'),
  right('client CPU, s'),
  right('source CPU, s'),
  right('target CPU, s'),
  right('other load'),
  right('runs'),
]

/** One line per contender, with `ferry run` ÷ it. */
export function contendersTable(measurements: readonly Measurement[]): string[] {
  const groups = groupsOf(measurements)
  const ferry = groups.find((group) => group.name === 'ferry run')
  const whole = ferry?.median(wall)
  const copy = ferry?.median((each) => each.phases_ms?.copy)
  const lines = groups.map((group) => {
    const own = group.median(wall)
    const mine = group.league === 'clone' ? whole : copy
    const ratio = group === ferry || !own || !mine ? '' : (mine / own).toFixed(2)
    return [
      group.name,
      group.league === 'clone' ? 'whole clone' : 'rows only',
      seconds(own),
      range(group),
      ratio,
      number(group.median((each) => each.client_cpu_seconds)),
      number(group.median((each) => each.source_cpu_seconds)),
      number(group.median((each) => each.target_cpu_seconds)),
      percent(group.median((each) => each.foreign_cpu_share)),
      group.failures.length > 0 ? `${group.failures.length} failed` : String(group.runs.length),
    ]
  })
  return table(CONTENDER_COLUMNS, lines)
}

/** What `ferry run` tells beyond its time. */
export function ferryTable(measurements: readonly Measurement[], rows: number): string[] {
  return groupsOf(measurements)
    .filter((group) => group.runs.some((each) => each.measured?.invocations !== undefined))
    .flatMap((group) => {
      const of = (name: string) => group.median((each) => each.measured?.[name])
      const phase = (name: string) => seconds(group.median((each) => each.phases_ms?.[name]))
      const perMillion = (name: string) => number(((of(name) ?? 0) * 1e6) / rows)
      const facts = [
        ['copy, finish, verify (s)', `${phase('copy')}, ${phase('finish')}, ${phase('verify')}`],
        ['lanes', `${of('lanes')}`],
        ['batches, largest (rows)', `${of('batches')}, ${of('batch_rows_largest')}`],
        ['bytes of COPY data a row', number(of('row_bytes'))],
        [
          'calls, processes, killed at a limit',
          `${of('invocations')}, ${of('function_processes')}, ${of('kills')}`,
        ],
        [
          'function CPU per million rows, main thread (s)',
          perMillion('function_main_thread_seconds'),
        ],
        [
          'function CPU per million rows, all threads and boots (s)',
          perMillion('function_cpu_seconds'),
        ],
        ['peak memory of a function process (MiB, anonymous)', number(of('function_peak_mib'))],
        ['idle lanes while copying', percent(of('idle_lane_share'))],
      ]
      return [...table([left(group.name), right('median')], facts), '']
    })
}

/** Fastest to slowest, in seconds; empty where there was one run. */
export function range({ runs }: Group): string {
  const walls = runs.map((each) => wall(each)! / 1000)
  return walls.length > 1 ? `${Math.min(...walls).toFixed(1)}–${Math.max(...walls).toFixed(1)}` : ''
}

export function seconds(ms: number | undefined): string {
  return ms === undefined ? '' : (ms / 1000).toFixed(2)
}

export function number(value: number | undefined): string {
  return value === undefined ? '' : value.toFixed(value < 10 ? 2 : 0)
}

export function percent(value: number | undefined): string {
  return value === undefined ? '' : `${Math.round(value * 100)} %`
}
