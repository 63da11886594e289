/** Entities as a Gantt chart: when each was copied, finished by its steps, and verified. */
import { grouped } from '../ferry/display/format.ts'
import { type Bar, barSeries, LINE, lineNames, MOST_LINES, nameAxis, nameRoom } from './bars.ts'
import { type Chart, type Drawing, GRID_LINE, type Layout, TEXT } from './chart.ts'
import type { MigrationReport, ReportEntity } from './document.ts'
import { secondsBetween, tick, tickEvery, took } from './measure.ts'

interface Phase {
  readonly color: string
  readonly label: string
  readonly from: keyof ReportEntity
  readonly to: keyof ReportEntity
}

const PHASES: readonly Phase[] = [
  { color: 'copy', label: 'copy', from: 'started_at', to: 'completed_at' },
  {
    color: 'steps',
    label: 'keys, indexes, constraints',
    from: 'steps_started_at',
    to: 'steps_completed_at',
  },
  {
    color: 'verify',
    label: 'verification',
    from: 'verify_started_at',
    to: 'verify_completed_at',
  },
]

interface Stretch {
  readonly bar: Bar
  readonly title: string
}

/** Undefined before the first entity has begun. */
export function timelineChart(report: MigrationReport): Chart | undefined {
  const { pace, entities } = report
  const begun = entities.filter(({ started_at }) => started_at !== null)
  if (pace === null || begun.length === 0) return undefined
  const shown = longest(begun)
  const phases = PHASES.map((phase) => ({ ...phase, stretches: stretchesOf(phase, shown, pace) }))
  return {
    id: 'timeline',
    heading: 'Entities over time',
    summary: summaryOf(shown, begun.length),
    legend: phases.filter(({ stretches }) => stretches.length > 0),
    draw: (layout) =>
      draw(
        phases.map(({ color, stretches }) => ({ color, stretches })),
        shown.map(({ entity_name }) => entity_name),
        secondsBetween(pace.from, pace.to) ?? 0,
        layout,
      ),
  }
}

/** In their order, the longest ones where there is not room for all. */
function longest(entities: readonly ReportEntity[]): ReportEntity[] {
  const kept = new Set(entities.toSorted((a, b) => copying(b) - copying(a)).slice(0, MOST_LINES))
  return entities.filter((entity) => kept.has(entity))
}

function copying({ started_at, completed_at }: ReportEntity): number {
  // What has not ended is the first to be looked at.
  return secondsBetween(started_at, completed_at) ?? Number.POSITIVE_INFINITY
}

function stretchesOf(
  { label, from, to }: Phase,
  entities: readonly ReportEntity[],
  pace: { from: string; to: string },
): Stretch[] {
  return entities.flatMap((entity, line) => {
    const began = secondsBetween(pace.from, entity[from] as string | null)
    if (began === undefined) return []
    const end = secondsBetween(pace.from, (entity[to] as string | null) ?? pace.to) ?? began
    const title = `${entity.entity_name}: ${label}, ${took(end - began)}, from ${took(began)} on`
    return [{ bar: [began, Math.max(began, end), line] as const, title }]
  })
}

function summaryOf(shown: readonly ReportEntity[], all: number): string {
  const [slowest] = shown.toSorted((a, b) => copying(b) - copying(a))
  const seconds = slowest && secondsBetween(slowest.started_at, slowest.completed_at)
  const told =
    slowest && seconds !== undefined
      ? `${slowest.entity_name} took longest to copy: ${took(seconds)}.`
      : `${slowest?.entity_name} is not yet copied.`
  const more = all - shown.length
  return more === 0
    ? told
    : `${told} The ${shown.length} longest are shown, all ${grouped(all)} are in the table below.`
}

function draw(
  phases: readonly { color: string; stretches: readonly Stretch[] }[],
  entities: readonly string[],
  span: number,
  layout: Layout,
): Drawing {
  const names = lineNames(entities, layout)
  const end = Math.max(span, 0.05)
  return {
    height: names.length * LINE + 44,
    option: {
      grid: { left: nameRoom(names), right: 20, top: 8, bottom: 30 },
      xAxis: {
        type: 'value',
        min: 0,
        max: end,
        interval: tickEvery(end, layout.isNarrow ? 3 : 10),
        axisLabel: {
          ...TEXT,
          hideOverlap: true,
          showMaxLabel: false,
          formatter: (seconds: number) => tick(seconds),
        },
        splitLine: GRID_LINE,
      },
      yAxis: nameAxis(names),
      series: phases.map(({ color, stretches }) =>
        barSeries(
          color,
          stretches.map(({ bar }) => bar),
        ),
      ),
    },
    title: (series, index) => phases[series]?.stretches[index]?.title,
  }
}
