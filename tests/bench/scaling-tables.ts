/** The scaling curve as lines of markdown: time per row and table, then time per call of each function. */
import { type FunctionTime, type FunctionTimes, stepKeeping } from './control-functions.ts'
import { type Column, left, right, table } from './markdown.ts'
import type { Measured } from './scaling.ts'
import { type Group, groupsOf, median, number, percent, range, seconds } from './summary.ts'

/** In the order in which a migration calls them. */
const FUNCTIONS = [
  'dispatch_lanes',
  'accept_dispatch',
  'claim_batch',
  'carve_batch',
  'begin_load',
  'complete_batch',
  'complete_check',
  'finish_dispatch',
  'watchdog',
  'status_report',
] as const

interface PointGroups {
  readonly measured: Measured
  readonly ferry: Group
  readonly rival: Group | undefined
}

export function scalingTables(measured: readonly Measured[]): string[] {
  const points = measured.flatMap(groupsOfPoint)
  const rows = points.filter(({ measured }) => measured.point.grows === 'rows')
  const tables = points.filter(({ measured }) => measured.point.grows === 'tables')
  return [
    ...curve(rows, { title: 'seconds per million rows', each: 'rows', scale: 1e6 }),
    ...curve(tables, { title: 'milliseconds per table', each: 'tables', scale: 1e3 }),
    ...functionsTable(points),
  ]
}

function groupsOfPoint(measured: Measured): PointGroups[] {
  const groups = groupsOf(measured.measurements)
  const ferry = groups.find(({ name }) => name === 'ferry run')
  const rival = groups.find(({ name }) => name !== 'ferry run')
  return ferry === undefined ? [] : [{ measured, ferry, rival }]
}

interface Unit {
  readonly title: string
  readonly each: 'rows' | 'tables'
  /** Units per second and thing counted. */
  readonly scale: number
}

/** A table and an empty line; nothing where there is no point. The further ones: less the line before. */
function curve(points: readonly PointGroups[], { title, each, scale }: Unit): string[] {
  if (points.length === 0) return []
  const hasRival = points.some(({ rival }) => rival !== undefined)
  const columns: Column[] = [
    left(`growing ${each}`),
    ...['whole clone, s', 'range, s', title, 'the further ones alone', 'copy, s', 'finish, s'].map(
      right,
    ),
    right('verify, s'),
    ...(hasRival ? [right('pgcopydb clone, s')] : []),
    right('other load'),
    right('runs'),
  ]
  const lines = points.map(({ measured, ferry, rival }, at) => {
    const { name, dataset } = measured.point
    const before = points[at - 1]
    const [own, others] = [wallOf(ferry), before && wallOf(before.ferry)]
    const count = dataset[each]
    const more = count - (before?.measured.point.dataset[each] ?? 0)
    const phase = (of: string) => seconds(ferry.median((run) => run.phases_ms?.[of]))
    const per = (time: number | undefined, things: number) =>
      time === undefined || things <= 0 ? '' : number((time * scale) / things)
    return [
      name,
      number(own),
      range(ferry),
      per(own, count),
      own === undefined || others === undefined ? '' : per(own - others, more),
      phase('copy'),
      phase('finish'),
      phase('verify'),
      ...(hasRival ? [number(rival && wallOf(rival))] : []),
      percent(ferry.median((run) => run.foreign_cpu_share)),
      ferry.failures.length > 0 ? `${ferry.failures.length} failed` : String(ferry.runs.length),
    ]
  })
  return [...table(columns, lines), '']
}

function wallOf(group: Group): number | undefined {
  const wall = group.median((run) => run.wall_ms)
  return wall === undefined ? undefined : wall / 1000
}

/** Calls × mean milliseconds of one, per point. */
function functionsTable(points: readonly PointGroups[]): string[] {
  const columns = [
    left('calls × milliseconds of one'),
    ...points.map(({ measured }) => right(measured.point.name)),
  ]
  const line = (title: string, pick: (times: FunctionTimes) => FunctionTime | undefined) => [
    title,
    ...points.map(({ ferry }) => cell(ferry, pick)),
  ]
  return table(columns, [
    ...FUNCTIONS.map((name) => line(name, (times) => times[name])),
    line('run_steps, per step, its statement left out', stepKeeping),
  ])
}

function cell({ runs }: Group, pick: (times: FunctionTimes) => FunctionTime | undefined): string {
  const times = runs.flatMap(({ functions }) => (functions && pick(functions)) ?? [])
  if (times.length === 0) return ''
  const calls = Math.round(median(times.map((time) => time.calls)))
  const mean = median(times.map((time) => time.total_ms / Math.max(1, time.calls)))
  return `${calls} × ${mean.toFixed(2)}`
}
