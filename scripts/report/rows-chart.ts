/** Rows of each entity: moved, refused, filtered. */
import { grouped } from '../ferry/display/format.ts'
import { type Bar, barSeries, LINE, lineNames, MOST_LINES, nameAxis, nameRoom } from './bars.ts'
import { type Chart, type Drawing, GRID_LINE, type Layout, STILL, TEXT } from './chart.ts'
import type { MigrationReport, ReportEntity } from './document.ts'
import { short } from './measure.ts'

type Records = 'records_processed' | 'records_failed' | 'records_filtered'

const PARTS: readonly { records: Records; color: string; label: string }[] = [
  { records: 'records_processed', color: 'copy', label: 'moved' },
  { records: 'records_failed', color: 'refused', label: 'refused' },
  { records: 'records_filtered', color: 'filtered', label: 'filtered' },
]

/** Undefined while no row has been read. */
export function rowsChart({ entities }: MigrationReport): Chart | undefined {
  const read = entities.filter((entity) => rowsOf(entity) > 0)
  const shown = read.toSorted((a, b) => rowsOf(b) - rowsOf(a)).slice(0, MOST_LINES)
  const [largest] = shown
  if (largest === undefined) return undefined
  const more = read.length - shown.length
  return {
    id: 'rows',
    heading: 'Rows by entity',
    summary: `${largest.entity_name} is the largest: ${grouped(rowsOf(largest))} rows.${
      more > 0
        ? ` The ${shown.length} largest are shown, all ${grouped(entities.length)} are in the table below.`
        : ''
    }`,
    legend: PARTS.filter(({ records }) => shown.some((entity) => entity[records] > 0)),
    draw: (layout) => draw(shown, layout),
  }
}

function rowsOf(entity: ReportEntity): number {
  return entity.records_processed + entity.records_failed + entity.records_filtered
}

/** Each part begins where the one before it ended. */
function partsOf(entity: ReportEntity): [number, number][] {
  let end = 0
  return PARTS.map(({ records }) => {
    const from = end
    end += entity[records]
    return [from, end]
  })
}

function draw(entities: readonly ReportEntity[], layout: Layout): Drawing {
  const names = lineNames(
    entities.map(({ entity_name }) => entity_name),
    layout,
  )
  const bars = PARTS.map((_part, place) =>
    entities.flatMap((entity, line): Bar[] => {
      const [from, to] = partsOf(entity)[place] ?? [0, 0]
      return to > from ? [[from, to, line]] : []
    }),
  )
  return {
    height: names.length * LINE + 44,
    option: {
      grid: { left: nameRoom(names), right: layout.isNarrow ? 48 : 84, top: 8, bottom: 30 },
      xAxis: {
        type: 'value',
        min: 0,
        max: rowsOf(entities[0] as ReportEntity),
        splitNumber: layout.isNarrow ? 2 : 6,
        axisLabel: {
          ...TEXT,
          hideOverlap: true,
          showMaxLabel: false,
          formatter: (rows: number) => short(rows),
        },
        splitLine: GRID_LINE,
      },
      yAxis: nameAxis(names),
      series: [
        ...PARTS.map(({ color }, place) => barSeries(color, bars[place] ?? [])),
        totals(entities, layout),
      ],
    },
    title: (series, index) => {
      const bar = bars[series]?.[index]
      const part = PARTS[series]
      if (bar === undefined || part === undefined) return undefined
      const [from, to, line] = bar
      return `${entities[line]?.entity_name}: ${grouped(to - from)} rows ${part.label}`
    },
  }
}

/** The number behind each bar: an invisible bar of the whole with a label at its end. */
function totals(entities: readonly ReportEntity[], { isNarrow }: Layout) {
  return {
    ...STILL,
    type: 'bar',
    data: entities.map(rowsOf),
    itemStyle: { color: 'none' },
    label: {
      ...TEXT,
      show: true,
      position: 'right',
      color: 'var(--ink)',
      formatter: ({ value }: { value: unknown }) =>
        isNarrow ? short(Number(value)) : grouped(Number(value)),
    },
  }
}
