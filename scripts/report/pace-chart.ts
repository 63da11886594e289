/** Throughput over time, and how many calls were at work. */
import { rate } from '../ferry/display/format.ts'
import { type Chart, type Drawing, GRID_LINE, type Layout, STILL, TEXT } from './chart.ts'
import type { MigrationReport } from './document.ts'
import { secondsBetween, short, tick, tickEvery, took, words } from './measure.ts'

type Pace = NonNullable<MigrationReport['pace']>

/** Events that explain a bend in the curve. */
const TURNS = new Set([
  'migration_paused',
  'migration_resumed',
  'migration_retried',
  'migration_parked',
  'performance_anomaly',
])
const MOST_TURNS = 12

/** Undefined before the migration has begun. */
export function paceChart({ pace, events }: MigrationReport): Chart | undefined {
  if (pace === null) return undefined
  const hasVerified = pace.verified.some((rows) => rows > 0)
  const turns = events.filter(({ type }) => TURNS.has(type)).slice(0, MOST_TURNS)
  return {
    id: 'pace',
    heading: 'Throughput',
    summary: summaryOf(pace),
    legend: [
      { color: 'copy', label: 'rows copied per second' },
      ...(hasVerified ? [{ color: 'verify', label: 'rows verified per second' }] : []),
      { color: 'calls', label: 'calls at work' },
    ],
    draw: (layout) => draw(pace, turns, layout),
  }
}

function summaryOf(pace: Pace): string {
  const most = Math.max(0, ...pace.copied)
  const at = pace.copied.indexOf(most) * pace.seconds
  const calls = Math.max(0, ...pace.calls)
  if (most === 0) return 'No row has been copied yet.'
  return `At most ${rate(most / pace.seconds)} rows copied, ${took(at)} after the start; up to ${Math.ceil(calls)} calls at work.`
}

function draw(pace: Pace, turns: MigrationReport['events'], { isNarrow }: Layout): Drawing {
  const span = pace.copied.length * pace.seconds
  const left = isNarrow ? 42 : 56
  const grid = { left, right: isNarrow ? 12 : 20 }
  const every = tickEvery(span, isNarrow ? 4 : 10)
  const marks = turns.map(({ type, at }) => ({
    xAxis: Math.min(span, secondsBetween(pace.from, at) ?? 0),
    label: { formatter: words(type).replace('migration ', '') },
  }))
  return {
    height: isNarrow ? 260 : 320,
    option: {
      grid: [
        { ...grid, top: 26, bottom: isNarrow ? 96 : 112 },
        { ...grid, height: isNarrow ? 32 : 44, bottom: 28 },
      ],
      xAxis: [timeAxis(span, every, 0, false), timeAxis(span, every, 1, true)],
      yAxis: [rowAxis(), callAxis(Math.max(1, Math.ceil(Math.max(0, ...pace.calls))))],
      series: [
        {
          ...curve('copy', perSecond(pace, pace.copied), 0.32),
          markLine: {
            ...STILL,
            symbol: 'none',
            data: marks,
            label: { ...TEXT, fontSize: 11, position: 'end' },
            lineStyle: { color: 'var(--muted)', type: 'dashed', width: 1 },
          },
        },
        curve('verify', perSecond(pace, pace.verified), 0.2),
        {
          ...curve('calls', points(pace, pace.calls), 0.25),
          step: 'end',
          xAxisIndex: 1,
          yAxisIndex: 1,
        },
      ],
    },
  }
}

/** The middle of each span, and both ends, so that the curve reaches from the first to the last moment. */
function points({ seconds }: Pace, values: readonly number[]): [number, number][] {
  const middle = values.map((value, index): [number, number] => [(index + 0.5) * seconds, value])
  const last = values.at(-1) ?? 0
  return [[0, values[0] ?? 0], ...middle, [values.length * seconds, last]]
}

function perSecond(pace: Pace, rows: readonly number[]): [number, number][] {
  return points(
    pace,
    rows.map((count) => count / pace.seconds),
  )
}

function curve(color: string, data: [number, number][], opacity: number) {
  const fill = `var(--${color})`
  return {
    ...STILL,
    type: 'line',
    showSymbol: false,
    data,
    lineStyle: { color: fill, width: 2 },
    itemStyle: { color: fill },
    areaStyle: { color: fill, opacity },
  }
}

function timeAxis(span: number, interval: number, gridIndex: number, isLabelled: boolean) {
  return {
    type: 'value',
    gridIndex,
    min: 0,
    max: span,
    interval,
    axisLabel: {
      ...TEXT,
      show: isLabelled,
      hideOverlap: true,
      showMaxLabel: false,
      formatter: (seconds: number) => tick(seconds),
    },
    axisLine: { show: true, onZero: false, lineStyle: { color: 'var(--line)' } },
    axisTick: { show: false },
    splitLine: { ...GRID_LINE, show: true },
  }
}

function rowAxis() {
  return {
    type: 'value',
    splitNumber: 4,
    axisLabel: { ...TEXT, formatter: (rows: number) => short(rows) },
    splitLine: GRID_LINE,
  }
}

function callAxis(max: number) {
  return {
    type: 'value',
    gridIndex: 1,
    min: 0,
    max,
    interval: max,
    axisLabel: TEXT,
    splitLine: GRID_LINE,
  }
}
