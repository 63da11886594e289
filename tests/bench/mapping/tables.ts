/** What the bench of mappings measured, as lines of markdown: goals first, then where the time goes. */
import { left, right, table } from '../markdown.ts'
import { median, percent } from '../summary.ts'
import { type MappedRun, rowsPerSecond, wallWithoutVerification } from './ferry.ts'
import { type MappingMeasurements, usesOf } from './measure.ts'
import type { Profile } from './profile.ts'

export function mappingTables(measured: MappingMeasurements): string[] {
  const profiles = profileTable(measured.profiles)
  return [
    ...goalsTable(measured),
    '',
    ...timesTable(measured),
    ...(profiles.length > 0 ? ['', ...profiles] : []),
  ]
}

type Show = (value: number) => string
const plain: Show = (value) => value.toFixed(2)
const whole: Show = (value) => value.toFixed(0)

function goalsTable(measured: MappingMeasurements): string[] {
  const { by_hand, clones, clinics, memory } = measured
  const lines: string[][] = []
  const add = (title: string, values: readonly number[], goal = '', show: Show = plain) => {
    if (values.length === 0) return
    const range = `${show(Math.min(...values))} to ${show(Math.max(...values))}`
    lines.push([title, show(median(values)), values.length > 1 ? range : '', goal])
  }
  const own = clones.map((run) => wallWithoutVerification(run) / 1000)
  const theirs = by_hand.map(({ wall_ms }) => wall_ms / 1000)
  const pairs = own.slice(0, theirs.length)
  add(
    'mapped clone ÷ by hand over postgres_fdw',
    pairs.map((each, at) => each / theirs[at]!),
    '0.4',
  )
  add(
    '— CPU of servers and clients, verification included, ÷ that by hand',
    clones.slice(0, by_hand.length).map((run, at) => cpuOf(run) / cpuOf(by_hand[at]!)),
  )
  add('mapped clone without its verification (s)', own)
  add('by hand (s)', theirs)
  add('clinic, rows read per second of the copy', clinics.map(rowsPerSecond), '40000', whole)
  for (const { batch_rows, run } of memory) {
    add(
      `peak memory of a function, batch_rows ${batch_rows} (MiB)`,
      [run.function_peak_mib],
      '128',
      whole,
    )
  }
  add(
    'other load, the most',
    [Math.max(0, ...usesOf(measured).map((use) => use.foreign_cpu_share))],
    '',
    percent,
  )
  return table([left('measure'), right('median'), right('range'), right('goal')], lines)
}

function cpuOf(use: {
  readonly source_cpu_seconds: number
  readonly target_cpu_seconds: number
  readonly client_cpu_seconds: number
}): number {
  return use.source_cpu_seconds + use.target_cpu_seconds + use.client_cpu_seconds
}

const TIMES: readonly (readonly [title: string, pick: (run: MappedRun) => number, show?: Show])[] =
  [
    ['copy (s)', (run) => run.copy_ms / 1000],
    ['indexes and foreign keys after it (s)', (run) => run.finish_ms / 1000],
    ['verification (s)', (run) => run.verify_ms / 1000],
    ['rows refused', (run) => run.rows_refused, whole],
    ['CPU of the source (s)', (run) => run.source_cpu_seconds],
    ['CPU of the target (s)', (run) => run.target_cpu_seconds],
    ['CPU of the command and its functions (s)', (run) => run.client_cpu_seconds],
    [
      'function CPU per million rows, main thread (s)',
      (run) => (run.function_main_thread_seconds * 1e6) / run.rows_read,
    ],
    ['peak memory of a function process (MiB)', (run) => run.function_peak_mib, whole],
    ['lanes', (run) => run.engine.lanes ?? 0, whole],
    ['batches', (run) => run.engine.batches ?? 0, whole],
    ['largest batch (rows)', (run) => run.engine.batch_rows_largest ?? 0, whole],
    ['idle lanes while copying', (run) => run.engine.idle_lane_share ?? 0, percent],
  ]

/** Medians; by hand there are other parts, in a line of their own. */
function timesTable({ clones, clinics, by_hand }: MappingMeasurements): string[] {
  const of = (runs: readonly MappedRun[], pick: (run: MappedRun) => number, show: Show) =>
    runs.length === 0 ? '' : show(median(runs.map(pick)))
  const lines = TIMES.map(([title, pick, show = plain]) => [
    title,
    of(clones, pick, show),
    of(clinics, pick, show),
  ])
  const runs = table([left('ferry run, medians'), right('mapped clone'), right('clinic')], lines)
  if (by_hand.length === 0) return runs
  const part = (name: keyof (typeof by_hand)[number]['times']) =>
    plain(median(by_hand.map(({ times }) => times[name] / 1000)))
  const names = ['map', 'rows', 'indexes', 'foreign key', 'rest'] as const
  const hand = names.map((name) => [`by hand: ${name} (s)`, part(name)])
  const cpu = (title: string, key: 'source_cpu_seconds' | 'target_cpu_seconds') => [
    `by hand: CPU of the ${title} (s)`,
    plain(median(by_hand.map((run) => run[key]))),
  ]
  const cpus = [cpu('source', 'source_cpu_seconds'), cpu('target', 'target_cpu_seconds')]
  return [
    ...runs,
    '',
    ...table([left('by hand over postgres_fdw'), right('median')], [...hand, ...cpus]),
  ]
}

function profileTable(profiles: MappingMeasurements['profiles']): string[] {
  const { clone, clinic } = profiles
  const all = [clone, clinic].flatMap((each) => each ?? [])
  if (all.length === 0) return []
  const names = [...new Set(all.flatMap(({ parts }) => Object.keys(parts)))]
  const seconds = (profile: Profile | undefined, name: string) => plainOr(profile?.parts[name])
  const lines = names.map((name) => [name, seconds(clone, name), seconds(clinic, name)])
  const total = [
    'all lanes, the whole copy',
    plainOr(clone?.lane_seconds),
    plainOr(clinic?.lane_seconds),
  ]
  const wal = [
    'log of the target, whole run (MB)',
    wholeOr(clone?.wal_megabytes),
    wholeOr(clinic?.wal_megabytes),
  ]
  return table(
    [
      left('seconds of lanes while copying, statements counted'),
      right('mapped clone'),
      right('clinic'),
    ],
    [...lines, total, wal],
  )
}

function plainOr(value: number | undefined): string {
  return value === undefined ? '' : plain(value)
}

function wholeOr(value: number | undefined): string {
  return value === undefined ? '' : whole(value)
}
