/** Problems and notes as lines for people. */
import type { Console } from './console.ts'
import { printable } from './display/format.ts'
import type { Problem } from './refusal.ts'

/** Two lines each: what and where, then what to do. */
export function remarkAll(
  console: Console,
  level: 'error' | 'note',
  findings: readonly Problem[],
): void {
  for (const { code, message, hint, path } of findings) {
    console.remark(`${level} ${code}${path ? ` at ${printable(path)}` : ''}: ${printable(message)}`)
    console.remark(`  ${printable(hint)}`)
  }
}
