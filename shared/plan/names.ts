/**
 * Table names as a plan writes them: `schema.table`, exactly as the catalog spells them, without case
 * folding. A part that holds a dot or begins with a double quote is written in double quotes.
 */
import type { TableName } from '../projection/entity.ts'

/** `public.users` or `users`; undefined where the text is neither. */
export function parseTableName(
  text: string,
): { readonly schema: string | null; readonly table: string } | undefined {
  const parts: string[] = []
  let rest = text
  for (;;) {
    const part = /^(?:"((?:[^"]|"")+)"|([^".][^.]*))(\.|$)/.exec(rest)
    if (part === null) return undefined
    parts.push(part[1]?.replaceAll('""', '"') ?? part[2] ?? '')
    if (part[3] === '') break
    rest = rest.slice(part[0].length)
  }
  const [first, second, third] = parts
  if (first === undefined || third !== undefined) return undefined
  return second === undefined ? { schema: null, table: first } : { schema: first, table: second }
}

/** The inverse: what a plan, a status and a log call the table. Two tables never share it. */
export function formatTableName(name: TableName): string {
  return `${part(name.schema)}.${part(name.table)}`
}

function part(name: string): string {
  return name === '' || name.includes('.') || name.startsWith('"')
    ? `"${name.replaceAll('"', '""')}"`
    : name
}

/** One spelling for a table, however the plan quotes it. */
export function standardName(text: string): string {
  const name = parseTableName(text)
  return name === undefined || name.schema === null
    ? text
    : formatTableName({ schema: name.schema, table: name.table })
}

/** Up to three candidates that a mistyped name may have meant, nearest first. */
export function nearNames(name: string, candidates: readonly string[]): string[] {
  const limit = Math.max(2, Math.floor(name.length / 4))
  const plain = name.toLowerCase()
  return candidates
    .map((candidate) => ({ candidate, distance: editDistance(plain, candidate.toLowerCase()) }))
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1))
    .slice(0, 3)
    .map(({ candidate }) => candidate)
}

/** A hint that names near tables, or says where to look. */
export function didYouMean(name: string, candidates: readonly string[], otherwise: string): string {
  const near = nearNames(name, candidates)
  return near.length === 0 ? otherwise : `Did you mean ${near.join(', ')}?`
}

/** Levenshtein distance over UTF-16 units; one row of the matrix at a time. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, at) => at)
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const change = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      row.push(Math.min(change, previous[j]! + 1, row[j - 1]! + 1))
    }
    previous = row
  }
  return previous[b.length]!
}
