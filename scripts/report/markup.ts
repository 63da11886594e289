/** HTML in which text can only ever be text: whatever is put into a template is escaped. */
import { printable } from '../ferry/display/format.ts'

/** HTML that was made by `html` or vouched for by `trusted`. */
export interface Markup {
  readonly markup: string
}

type Content = string | number | Markup | readonly Markup[] | undefined

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Text as HTML, in an element as in a quoted attribute; what steers a reader's screen is made visible. */
export function escaped(text: string): string {
  return printable(text).replace(/[&<>"']/g, (sign) => ENTITIES[sign] ?? sign)
}

/** A template of HTML: text and numbers are escaped, markup stays, `undefined` leaves nothing. */
export function html(texts: TemplateStringsArray, ...contents: readonly Content[]): Markup {
  const parts = texts.map((text, index) => text + rendered(contents[index]))
  return { markup: parts.join('') }
}

/** Text of this program, such as its style sheet: never anything from a database. */
export function trusted(markup: string): Markup {
  return { markup }
}

function rendered(content: Content): string {
  if (content === undefined) return ''
  if (typeof content === 'string') return escaped(content)
  if (typeof content === 'number') return String(content)
  return 'markup' in content ? content.markup : content.map(({ markup }) => markup).join('')
}
