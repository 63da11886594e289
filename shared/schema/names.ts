/** Names of relations in the target: tables, indexes and sequences of a schema share one space. */
import type { Problem } from '../plan/problem.ts'
import { maximumNameBytes, nameBytes } from '../projection/quote.ts'

export interface NameSpace {
  /** Takes a name; one that is taken or too long becomes a problem. */
  take(schema: string, name: string, path: string): void
  /** Takes a name that was looked at elsewhere. */
  reserve(schema: string, name: string): void
}

/** @param taken `[schema, name]` of what the target has */
export function nameSpace(
  taken: readonly (readonly [string, string])[],
  problems: Problem[],
): NameSpace {
  const existing = new Set(taken.map(([schema, name]) => key(schema, name)))
  const planned = new Set<string>()
  return {
    take(schema, name, path) {
      const one = key(schema, name)
      if (nameBytes(name) > maximumNameBytes) {
        problems.push({
          code: 'name_too_long',
          message: `The name ${name} is longer than ${maximumNameBytes} bytes, and PostgreSQL would cut it.`,
          hint: 'Rename it at the source, or the table under rename.tables.',
          path,
        })
      } else if (existing.has(one) || planned.has(one)) {
        problems.push({
          code: 'name_taken',
          message: existing.has(one)
            ? `The target has something else called ${schema}.${name}.`
            : `Two objects of the source would both become ${schema}.${name}.`,
          hint: 'Rename one of them, or bring one of the tables to another schema.',
          path,
        })
      }
      planned.add(one)
    },
    reserve: (schema, name) => void planned.add(key(schema, name)),
  }
}

/** One text for a schema and a name. */
export const key = (schema: string, name: string) => JSON.stringify([schema, name])
