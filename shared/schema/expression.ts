/** SQL expressions of the source, written down so that they mean the same in the target. */
import { quoteIdent, quoteLiteral, quoteQualified } from '../projection/quote.ts'
import type { CatalogExpression, CatalogUse } from '../source/catalog-rows-attached.ts'
import { literalOf, nameOf, type Token, tokens } from './sql-tokens.ts'

/** What an object of users is called in the target; undefined where the target has no such thing. */
export type NameInTarget = (
  use: CatalogUse,
) => { readonly schema: string; readonly name: string } | undefined

/**
 * The text with the target's names, or undefined where it refers to what the target will not have. A
 * sequence named by a plain text leaves no dependency behind, hence the look at what calls one.
 */
export function portableText(
  expression: CatalogExpression,
  inTarget: NameInTarget,
): string | undefined {
  const { text, uses } = expression
  if (callsSequence(expression) && !uses.some(({ kind }) => kind === 'sequence')) return undefined
  const renames: Rename[] = []
  for (const use of uses) {
    const name = inTarget(use)
    if (name === undefined) return undefined
    if (name.schema !== use.schema || name.name !== use.name) renames.push({ use, name })
  }
  if (renames.length === 0) return text
  const missed = new Set(renames.filter(({ use }) => use.kind !== 'operator'))
  const words = tokens(text)
  const rewritten = words.map((word, at) => rename(words, word, at, renames, missed))
  // Named in a way that is not understood here, such as inside a literal.
  return missed.size > 0 ? undefined : rewritten.join('')
}

/** How a table is divided; a partition that is divided again depends on its parent, which says nothing. */
export function partitionKeyText(
  key: CatalogExpression,
  inTarget: NameInTarget,
): string | undefined {
  const uses = key.uses.filter(({ kind }) => kind !== 'relation')
  return portableText({ ...key, uses }, inTarget)
}

interface Rename {
  readonly use: CatalogUse
  readonly name: { readonly schema: string; readonly name: string }
}

/** Sequences are made with the table, and set after the data. */
export function callsSequence(expression: CatalogExpression): boolean {
  return /\b(nextval|currval|lastval|setval)\b/i.test(expression.text)
}

/** The word that stands for `words[at]`; what is found is taken off `missed`. */
function rename(
  words: readonly Token[],
  word: Token,
  at: number,
  renames: readonly Rename[],
  missed: Set<Rename>,
): string {
  if (word.kind === 'literal') {
    // 'schema.name'::regclass
    const cast = words.slice(at + 1, at + 4).map(({ text }) => text)
    if (cast.join('') !== '::regclass') return word.text
    const found = renames.find(({ use }) => literalOf(word) === use.printed)
    if (found === undefined) return word.text
    missed.delete(found)
    return quoteLiteral(quoteQualified(found.name.schema, found.name.name))
  }
  // schema.name: either of the two words is exchanged on its own
  const [schemaAt, nameAt] = words[at + 1]?.text === '.' ? [at, at + 2] : [at - 2, at]
  const found = renames.find(({ use }) => isNamed(words, schemaAt, nameAt, use))
  if (found === undefined) return word.text
  missed.delete(found)
  if (at === schemaAt) return quoteIdent(found.name.schema)
  return found.use.kind === 'operator' ? word.text : quoteIdent(found.name.name)
}

function isNamed(words: readonly Token[], schemaAt: number, nameAt: number, use: CatalogUse) {
  const [schema, dot, name] = [words[schemaAt], words[schemaAt + 1], words[nameAt]]
  if (schema?.kind !== 'name' || dot?.text !== '.' || name === undefined) return false
  // A column's field, (row).field, or a third part is something else.
  if (nameOf(schema) !== use.schema || words[schemaAt - 1]?.text === '.') return false
  return use.kind === 'operator'
    ? name.text === use.name
    : name.kind === 'name' && nameOf(name) === use.name
}
