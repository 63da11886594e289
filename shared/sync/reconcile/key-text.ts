/** The text that map and dead letters know a row by, as a server prints it over its own table. */
import { digestAlias } from '../../projection/digest.ts'
import { keyTexts } from '../../projection/digest-statements.ts'
import type { CompiledKeyColumn } from '../../projection/entity.ts'
import { quoteIdent } from '../../projection/quote.ts'

/** The alias under which a key text reads its row. */
export const rowAlias = digestAlias

/** Of several columns a JSON array; the stage's key of a mapping is the same. */
export function keyText(key: readonly CompiledKeyColumn[]): string {
  const [only, ...others] = key
  if (only !== undefined && others.length === 0) {
    return `pg_catalog.format('%s', ${rowAlias}.${quoteIdent(only.column)})`
  }
  return `${keyTexts(key)}::text`
}
