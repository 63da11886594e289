/**
 * Columns inside an SQL text of the source under the names that they have in the target. A word is
 * exchanged only where it can be nothing but a column; where that is not certain, the text is given up.
 */
import { quoteIdent } from '../../projection/quote.ts'
import type { CatalogExpression } from '../../source/catalog-rows-attached.ts'
import { nameOf, type Token, tokens } from '../sql-tokens.ts'

/** Names in the target by names at the source, of the columns whose values pass unchanged. */
export type Straight = ReadonlyMap<string, string>

/** Undefined where it names a column that does not come along as it is, or one that cannot be renamed. */
export function renameColumns(
  expression: CatalogExpression,
  straight: Straight,
): CatalogExpression | undefined {
  const { text, columns } = expression
  const words = tokens(text)
  // A whole row is another row in the target.
  if (words.some((word, at) => word.text === '.' && words[at + 1]?.text === '*')) return undefined
  if (!columns.every((name) => straight.has(name))) return undefined
  const renamed = columns.map((name) => straight.get(name)!)
  const open = new Set(columns.filter((name) => straight.get(name) !== name))
  const changed = new Set(open)
  if (changed.size === 0) return { ...expression, columns: renamed }
  const rewritten: string[] = []
  for (const [at, word] of words.entries()) {
    const role = changed.has(wordName(word) ?? '') ? roleOf(words, at) : 'other'
    if (role === 'unclear') return undefined
    if (role === 'column') open.delete(nameOf(word))
    rewritten.push(role === 'column' ? quoteIdent(straight.get(nameOf(word))!) : word.text)
  }
  return open.size > 0 ? undefined : { ...expression, text: rewritten.join(''), columns: renamed }
}

/** Which of the columns the text may name, for texts whose dependencies nobody has kept apart. */
export function mentioned(text: string, columns: readonly string[]): string[] {
  const names = new Set(tokens(text).map(wordName))
  return columns.filter((name) => names.has(name))
}

/** Undefined for what is no name: the server writes its key words in capitals, and no name without quotes. */
function wordName(word: Token): string | undefined {
  if (word.kind !== 'name' || isKeyword(word)) return undefined
  return nameOf(word)
}

const isKeyword = ({ kind, text }: Token) =>
  kind === 'name' && /^(\p{Lu}[\p{Lu}_]*|true|false)$/u.test(text)

/** In front of a column's name these words mean something else. */
const takesNames = new Set(['COLLATE', 'AS', 'NAME'])

function roleOf(words: readonly Token[], at: number): 'column' | 'other' | 'unclear' {
  const before = words.slice(0, at).filter(({ kind }) => kind !== 'space')
  const [next] = words.slice(at + 1).filter(({ kind }) => kind !== 'space')
  const [last, second] = [before.at(-1), before.at(-2)]
  // A type behind a cast, and a function.
  if (last?.text === ':' && second?.text === ':') return 'other'
  if (next?.text === '(') return 'other'
  if (last?.text === '.' || next?.text === '.' || next?.text === '=>') return 'unclear'
  if (next?.kind === 'literal' || (last?.text === '(' && second?.text === 'EXTRACT')) {
    return 'unclear'
  }
  // Types of several words.
  if ((last?.kind === 'name' && !isKeyword(last)) || takesNames.has(last?.text ?? ''))
    return 'unclear'
  return 'column'
}
