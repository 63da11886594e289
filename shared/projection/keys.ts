/** The condition that holds rows of certain keys. */
import type { CompiledEntity, CompiledKeyColumn, KeyTexts } from './entity.ts'
import { quoteIdent, quoteLiteral } from './quote.ts'
import { keyMismatch } from './range.ts'

/**
 * A condition for the rows with any of `keys`, by the equality that the key's index has.
 * @throws FerryError `key_shape_differs`
 */
export function keysCondition(entity: CompiledEntity, keys: readonly KeyTexts[]): string {
  const { key } = entity
  if (keys.length === 0) return 'false'
  for (const texts of keys) {
    if (key.length === 0 || texts.length !== key.length) throw keyMismatch(entity, texts.length)
  }
  if (key.length === 1) {
    const list = keys.map((texts) => literal(key[0]!, texts[0]!)).join(', ')
    return `${quoteIdent(key[0]!.column)} ${equality(key[0]!)} any (array[${list}])`
  }
  const terms = keys.map((texts) => {
    const parts = key.map(
      (column, at) =>
        `${quoteIdent(column.column)} ${equality(column)} ${literal(column, texts[at]!)}`,
    )
    return `(${parts.join(' and ')})`
  })
  return `(${terms.join(' or ')})`
}

function literal(column: CompiledKeyColumn, text: string): string {
  return `${quoteLiteral(text)}::${column.type}`
}

/** Operators outside pg_catalog are invisible under the pinned search path. */
function equality({ operators }: CompiledKeyColumn): string {
  return operators === undefined ? '=' : `operator(${quoteIdent(operators)}.=)`
}
