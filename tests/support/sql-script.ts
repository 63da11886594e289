/**
 * Cuts a script, as psql reads it, into statements, COPY blocks and meta commands. Knows strings,
 * dollar quotes, quoted names, comments and parentheses, so that a semicolon in them ends nothing.
 */

export type ScriptStep =
  /** A statement that a semicolon (or the end of the script) closed. */
  | { readonly kind: 'statement'; readonly sql: string }
  /** `COPY … FROM stdin` and the lines up to `\.`, line ends included. */
  | { readonly kind: 'copy'; readonly sql: string; readonly data: string }
  /** `\command arguments`; `sql` is the unfinished statement before it, if any. */
  | {
      readonly kind: 'meta'
      readonly sql: string
      readonly command: string
      readonly argument: string
    }

/** Gives the text for `:name` (`form` is `plain`), `:'name'`, `:"name"` or `:{?name}`; undefined leaves it. */
export type Substitute = (
  name: string,
  form: 'plain' | 'literal' | 'identifier' | 'defined',
) => string | undefined

const COPY_FROM_STDIN = /^\s*copy\s[\s\S]*\sfrom\s+stdin\b/i
const VARIABLE = /:(?:'(\w+)'|"(\w+)"|\{\?(\w+)\}|(\w+))/y

/**
 * Reads lazily, so that a variable set by one step is seen by the next.
 * @param substitute left out, the script's colons are left alone
 */
export function* readScript(text: string, substitute?: Substitute): Generator<ScriptStep> {
  let sql = ''
  let depth = 0
  let at = 0
  while (at < text.length) {
    const skipped = opaqueEnd(text, at)
    if (skipped !== undefined) {
      const comment = text.startsWith('--', at) || text.startsWith('/*', at)
      sql += comment ? ' ' : text.slice(at, skipped)
      at = skipped
      continue
    }
    const char = text[at]!
    if (char === '\\') {
      const end = lineEnd(text, at)
      yield metaCommand(sql.trim(), text.slice(at + 1, end), substitute)
      sql = ''
      depth = 0
      at = end
      continue
    }
    if (char === ';' && depth === 0) {
      at += 1
      const statement = sql.trim()
      sql = ''
      if (COPY_FROM_STDIN.test(statement)) {
        const begin = lineEnd(text, at) + 1
        const end = copyEnd(text, begin)
        yield { kind: 'copy', sql: statement, data: text.slice(begin, end) }
        at = lineEnd(text, end)
      } else if (statement) {
        yield { kind: 'statement', sql: statement }
      }
      continue
    }
    if (char === '(') depth += 1
    if (char === ')') depth -= 1
    const variable = char === ':' ? readVariable(text, at, substitute) : undefined
    sql += variable?.text ?? (text.startsWith('::', at) ? '::' : char)
    at = variable?.end ?? at + (text.startsWith('::', at) ? 2 : 1)
  }
  if (sql.trim()) yield { kind: 'statement', sql: sql.trim() }
}

/** Where a comment, string, quoted name or dollar quote that begins here ends; else undefined. */
function opaqueEnd(text: string, at: number): number | undefined {
  const char = text[at]!
  if (char === '-' && text[at + 1] === '-') return lineEnd(text, at)
  if (char === '/' && text[at + 1] === '*') return commentEnd(text, at)
  if (char === "'") return quoteEnd(text, at, escapes(text, at))
  if (char === '"') return quoteEnd(text, at, false)
  if (char === '$' && !/[\w$\u0080-\uffff]/.test(text[at - 1] ?? '')) return dollarEnd(text, at)
  return undefined
}

/** Whether a string at this quote has backslash escapes: `E'…'`. */
function escapes(text: string, at: number): boolean {
  return /[eE]/.test(text[at - 1] ?? '') && !/[\w$]/.test(text[at - 2] ?? '')
}

function quoteEnd(text: string, at: number, backslash: boolean): number {
  const quote = text[at]
  for (let i = at + 1; i < text.length; i += 1) {
    if (backslash && text[i] === '\\') i += 1
    else if (text[i] === quote && text[i + 1] === quote) i += 1
    else if (text[i] === quote) return i + 1
  }
  return text.length
}

function dollarEnd(text: string, at: number): number | undefined {
  const opening = /\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/y
  opening.lastIndex = at
  const tag = opening.exec(text)?.[0]
  if (tag === undefined) return undefined
  const end = text.indexOf(tag, at + tag.length)
  return end < 0 ? text.length : end + tag.length
}

function commentEnd(text: string, at: number): number {
  const mark = /\/\*|\*\//g
  mark.lastIndex = at
  let depth = 0
  for (let found = mark.exec(text); found; found = mark.exec(text)) {
    depth += found[0] === '/*' ? 1 : -1
    if (depth === 0) return mark.lastIndex
  }
  return text.length
}

function lineEnd(text: string, at: number): number {
  const end = text.indexOf('\n', at)
  return end < 0 ? text.length : end
}

/** Where the line `\.` begins. */
function copyEnd(text: string, begin: number): number {
  if (text.startsWith('\\.', begin)) return begin
  const end = text.indexOf('\n\\.', begin)
  return end < 0 ? text.length : end + 1
}

function readVariable(
  text: string,
  at: number,
  substitute: Substitute | undefined,
): { text: string; end: number } | undefined {
  if (!substitute) return undefined
  VARIABLE.lastIndex = at
  const [whole, literal, identifier, defined, plain] = VARIABLE.exec(text) ?? []
  if (whole === undefined) return undefined
  const value =
    literal !== undefined
      ? substitute(literal, 'literal')
      : identifier !== undefined
        ? substitute(identifier, 'identifier')
        : defined !== undefined
          ? substitute(defined, 'defined')
          : substitute(plain!, 'plain')
  return value === undefined ? undefined : { text: value, end: at + whole.length }
}

function metaCommand(sql: string, line: string, substitute: Substitute | undefined): ScriptStep {
  const [, command = '', rest = ''] = /^(\S*)\s*([\s\S]*)$/.exec(line.trim()) ?? []
  let argument = ''
  for (let at = 0; at < rest.length; ) {
    const variable = rest[at] === ':' ? readVariable(rest, at, substitute) : undefined
    argument += variable?.text ?? rest[at]
    at = variable?.end ?? at + 1
  }
  return { kind: 'meta', sql, command, argument }
}
