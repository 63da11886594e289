/** What charts with one line per entity have in common: room, names, bars of a custom series. */
import type { CustomSeriesOption } from 'echarts/charts'
import { clipped, printable } from '../ferry/display/format.ts'
import { type Layout, STILL, TEXT } from './chart.ts'

/** Pixels of a line. */
export const LINE = 24
/** Lines that a chart has at most; the tables have all. */
export const MOST_LINES = 40

/** One bar: from and to on the x axis, and its line, counted from the top. */
export type Bar = readonly [from: number, to: number, line: number]

/** Where all are of one schema, its name tells nothing. */
export function lineNames(names: readonly string[], { isNarrow }: Layout): string[] {
  const schemas = new Set(names.map((name) => name.slice(0, name.indexOf('.') + 1)))
  const [schema = ''] = schemas.size === 1 ? schemas : []
  return names.map((name) => clipped(printable(name.slice(schema.length)), isNarrow ? 17 : 36))
}

export function nameAxis(names: readonly string[]) {
  return {
    type: 'category',
    inverse: true,
    data: names.map((value) => ({ value })),
    axisLabel: { ...TEXT, color: 'var(--ink)', interval: 0 },
    axisTick: { show: false },
    axisLine: { show: false },
  }
}

/** Pixels for the longest of `names`. */
export function nameRoom(names: readonly string[]): number {
  return 22 + Math.max(3, ...names.map(({ length }) => length)) * 6.7
}

/** However short, a bar is wide enough to be seen. */
const LEAST_WIDTH = 3

export function barSeries(color: string, data: readonly Bar[], share = 0.58) {
  const renderItem: NonNullable<CustomSeriesOption['renderItem']> = (_parameters, api) => {
    const line = api.value(2)
    const [x = 0, y = 0] = api.coord([api.value(0), line])
    const [end = 0] = api.coord([api.value(1), line])
    const height = LINE * share
    return {
      type: 'rect',
      shape: { x, y: y - height / 2, width: Math.max(LEAST_WIDTH, end - x), height, r: 3 },
      style: { fill: `var(--${color})` },
    }
  }
  return {
    ...STILL,
    type: 'custom',
    renderItem,
    encode: { x: [0, 1], y: 2 },
    data: data.map((bar) => [...bar]),
  }
}
