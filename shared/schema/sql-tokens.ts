/**
 * Words of an SQL text that a server printed under an empty search path, so that names in it can be
 * exchanged without touching literals. Joined, the tokens are the text again.
 */

export type TokenKind = 'name' | 'literal' | 'operator' | 'space' | 'other'

export interface Token {
  readonly kind: TokenKind
  readonly text: string
}

const forms: readonly (readonly [TokenKind, RegExp])[] = [
  ['space', /\s+/y],
  ['literal', /[eE]'(?:[^'\\]|\\[\s\S]|'')*'|(?:[bBxXnN]|[uU]&)?'(?:[^']|'')*'/y],
  ['name', /"(?:[^"]|"")+"|[\p{L}_][\p{L}\p{N}_$]*/uy],
  ['other', /\d[\w.]*|[(),.:;[\]]/y],
  ['operator', /[-+*/<>=~!@#%^&|`?]+/y],
  ['other', /[\s\S]/y],
]

export function tokens(text: string): Token[] {
  const found: Token[] = []
  let at = 0
  while (at < text.length) {
    for (const [kind, form] of forms) {
      form.lastIndex = at
      const match = form.exec(text)?.[0]
      if (match === undefined) continue
      found.push({ kind, text: match })
      at += match.length
      break
    }
  }
  return found
}

/** What a name token names, quotes taken off. */
export function nameOf(token: Token): string {
  return token.text.startsWith('"') ? token.text.slice(1, -1).replaceAll('""', '"') : token.text
}

/** What a plain literal token holds; undefined for one with escapes of its own. */
export function literalOf(token: Token): string | undefined {
  return /^'/.test(token.text) ? token.text.slice(1, -1).replaceAll("''", "'") : undefined
}
