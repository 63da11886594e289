/** Tables and marked sections of a Markdown file. */

export interface Column {
  readonly title: string
  /** Numbers stand to the right. */
  readonly align?: 'right'
}

export const right = (title: string): Column => ({ title, align: 'right' })
export const left = (title: string): Column => ({ title })

/**
 * A table as lines, its columns padded, so that it reads well as text too.
 * @throws Error for a row with another number of cells than there are columns
 */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const wrong = rows.find((cells) => cells.length !== columns.length)
  if (wrong) throw new Error(`A row of ${wrong.length} cells under ${columns.length} columns.`)
  const header = columns.map(({ title }) => escaped(title))
  const body = rows.map((cells) => cells.map(escaped))
  const widths = header.map((_, at) =>
    Math.max(3, ...[header, ...body].map((cells) => [...(cells[at] ?? '')].length)),
  )
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, at) => padded(cell, widths[at] ?? 0, columns[at]?.align)).join(' | ')} |`
  const rule = columns.map(({ align }, at) => {
    const dashes = '-'.repeat(widths[at] ?? 3)
    return align === 'right' ? `${dashes.slice(1)}:` : dashes
  })
  return [line(header), `| ${rule.join(' | ')} |`, ...body.map(line)]
}

/** A pipe would end the cell, inside a code span, too; a line break would end the table. */
function escaped(cell: string): string {
  return cell.replaceAll('|', '\\|').replaceAll(/\s*\n\s*/g, ' ')
}

function padded(cell: string, width: number, align: Column['align']): string {
  const blanks = ' '.repeat(Math.max(0, width - [...cell].length))
  return align === 'right' ? blanks + cell : cell + blanks
}

/**
 * A text whose part between `<!-- bench:name -->` and `<!-- /bench:name -->` is replaced.
 * @throws Error where it does not have exactly one such pair
 */
export function replaceSection(text: string, name: string, lines: readonly string[]): string {
  const [opening, closing] = [`<!-- bench:${name} -->`, `<!-- /bench:${name} -->`]
  const [before, rest, ...more] = text.split(opening)
  const [inside, after, ...evenMore] = (rest ?? '').split(closing)
  if (inside === undefined || after === undefined || more.length + evenMore.length > 0) {
    throw new Error(`The document has no single pair of ${opening} and ${closing}.`)
  }
  return `${before}${[opening, '', ...lines, '', closing].join('\n')}${after}`
}
