/** `ferry preview PLAN ENTITY`: what would become of an entity's first rows. */
import type { PreviewedRow } from './answers.ts'
import type { Client } from './client.ts'
import type { Console } from './console.ts'
import { clipped, printable } from './display/format.ts'
import { tableLines } from './display/table.ts'
import { EXIT, type ExitCode } from './exit.ts'
import { readPlan } from './plan-file.ts'

export interface PreviewCommand {
  readonly plan: string
  readonly entity: string
  readonly rows: number
  readonly values?: boolean
}

/** Longer texts are cut in the terminal; `--json` has up to 2,000 characters. */
const SHOWN = 60

const WORDS = {
  loaded: 'loaded',
  refused: 'refused',
  left_out: 'left out',
  depends: 'depends',
} as const

export async function preview(
  client: Client,
  console: Console,
  command: PreviewCommand,
): Promise<ExitCode> {
  const { entity, rows, values = false } = command
  const previewed = await client.preview(await readPlan(command.plan), entity, rows, values)
  console.result(previewed)
  for (const row of previewed.rows) for (const line of lines(row)) console.say(line)
  if (previewed.rows.length === 0) console.say('No row of the source passes the filter.')
  for (const parent of previewed.not_moved) {
    console.say(`What is looked up in ${printable(parent)} is not known before it is moved.`)
  }
  return EXIT.done
}

function lines(row: PreviewedRow): string[] {
  const { before, after } = row
  const head = [WORDS[row.outcome], printable(row.key), reason(row)].filter((part) => part !== '')
  if (before === undefined || after === undefined) return [head.join('  ')]
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  const cells = names.map((name) => [
    `  ${printable(name)}`,
    shown(before[name]),
    shown(after[name]),
  ])
  const left = { align: 'left' } as const
  return [head.join('  '), ...tableLines([left, left, left], [['', 'before', 'after'], ...cells])]
}

function reason({ reason: why }: PreviewedRow): string {
  if (why === undefined) return ''
  if (why.until !== undefined) return printable(`unknown until ${why.until} is moved`)
  const rule = why.rule === undefined ? '' : ` by ${why.rule}`
  const columns = why.columns.length === 0 ? '' : ` in ${why.columns.join(', ')}`
  return printable(`${why.code}${rule}${columns}`)
}

/** A column that the side does not have is blank; null is told. */
function shown(text: string | null | undefined): string {
  if (text === undefined) return ''
  return text === null ? 'null' : clipped(printable(text), SHOWN)
}
