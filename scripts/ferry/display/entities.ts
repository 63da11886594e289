/** The table of entities: one line each, as many parts as there is room for. */
import type { Entity } from '../report.ts'
import { bar, clipped, duration, grouped, percent, printable, rate } from './format.ts'
import { type Colors, paint } from './paint.ts'
import { tableLines } from './table.ts'

const GAP = 2
/** Characters that names get before anything dispensable is shown, and the least they are cut to. */
const READABLE_NAME = 32
const SHORTEST_NAME = 10
const BAR = 16

interface Part {
  readonly align: 'left' | 'right'
  /** The higher, the sooner it is left out on a narrow terminal. */
  readonly luxury: number
  /** Painted by the state of the entity. */
  readonly painted?: boolean
  text(entity: Entity): string
}

/** Rows that were refused; there only where some were. */
const REFUSED: Part = {
  align: 'right',
  luxury: 3,
  text: ({ records_failed }) => (records_failed > 0 ? `${grouped(records_failed)} refused` : ''),
}

const PARTS: readonly Part[] = [
  { align: 'left', luxury: 2, painted: true, text: ({ status }) => status },
  { align: 'right', luxury: 1, text: ({ records_read }) => grouped(records_read) },
  { align: 'right', luxury: 4, text: goal },
  { align: 'right', luxury: 0, text: (entity) => percent(entity.progress_percentage / 100) },
  REFUSED,
  { align: 'right', luxury: 5, text: pace },
  { align: 'right', luxury: 6, text: left },
  {
    align: 'left',
    luxury: 7,
    painted: true,
    text: (entity) => bar(entity.progress_percentage / 100, BAR),
  },
]

/** Lines of at most `width` characters. */
export function entityLines(entities: readonly Entity[], colors: Colors, width: number): string[] {
  const names = entities.map((entity) => printable(entity.entity_name))
  const longest = Math.max(0, ...names.map((name) => name.length))
  const { parts, taken } = fitting(entities, width - Math.min(longest, READABLE_NAME), 3) ??
    fitting(entities, width - Math.min(longest, SHORTEST_NAME), 0) ?? { parts: [], taken: 0 }
  const name = Math.min(longest, width - taken)
  const rows = entities.map((entity, index) => [
    clipped(names[index] ?? '', name),
    ...parts.map(({ painted, text }) =>
      painted ? paint(colors, entity.status)(text(entity)) : text(entity),
    ),
  ])
  return tableLines([{ align: 'left', width: name }, ...parts], rows)
}

interface Fit {
  readonly parts: readonly Part[]
  /** Characters that they take with their gaps. */
  readonly taken: number
}

/** The parts that fit into `room`, the dispensable ones left out first, `fewest` at least. */
function fitting(entities: readonly Entity[], room: number, fewest: number): Fit | undefined {
  const isRefused = entities.some(({ records_failed }) => records_failed > 0)
  const all = PARTS.filter((part) => isRefused || part !== REFUSED)
  for (let count = PARTS.length; count >= fewest; count--) {
    const parts = all.filter(({ luxury }) => luxury < count)
    const widths = parts.map(({ text }) => Math.max(0, ...entities.map((one) => text(one).length)))
    const taken = widths.reduce((sum, one) => sum + one + GAP, 0)
    if (taken <= room) return { parts, taken }
  }
  return undefined
}

function goal({ status, records_total }: Entity): string {
  return status === 'completed' ? '' : `of ${grouped(records_total)}`
}

function pace({ status, throughput_per_second }: Entity): string {
  return status === 'running' || status === 'completed' ? rate(throughput_per_second) : ''
}

function left({ status, eta_seconds }: Entity): string {
  return status === 'running' ? duration(eta_seconds) : ''
}
