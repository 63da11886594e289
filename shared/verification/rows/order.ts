/** Whether two servers sort a key alike. Where that is not certain, it is not so. */
import type { CollationFact, KeyFact, TableFacts } from './facts.ts'

/** @param source facts of all key columns @param target those of the same columns there */
export function orderAlike(source: TableFacts, target: TableFacts): boolean {
  return (
    source.key.length > 0 &&
    source.key.length === target.key.length &&
    source.key.every((key, at) =>
      columnsAlike(key, target.key[at]!, source.encoding === target.encoding),
    )
  )
}

/** Sorted by the collation of the database, although they have none of their own. */
const byDatabase = new Set(['jsonb', '_jsonb'])

function columnsAlike(source: KeyFact, target: KeyFact, sameEncoding: boolean): boolean {
  // A row whose key is NULL lies in no range.
  if (source.nullable || target.nullable) return false
  if (source.name !== target.name || source.origin !== target.origin) return false
  if (source.origin === 'other' || byDatabase.has(source.name)) return false
  if (JSON.stringify(source.labels) !== JSON.stringify(target.labels)) return false
  if (source.collation === null || target.collation === null) {
    return source.collation === target.collation
  }
  return sameEncoding && collationsAlike(source.collation, target.collation)
}

function collationsAlike(source: CollationFact, target: CollationFact): boolean {
  if (byBytes(source) && byBytes(target)) return true
  return (
    source.provider === target.provider &&
    source.locale === target.locale &&
    source.version !== null &&
    source.version === target.version &&
    source.deterministic === target.deterministic &&
    source.rules === target.rules
  )
}

function byBytes({ provider, locale }: CollationFact): boolean {
  return (provider === 'c' || provider === 'b') && (locale === 'C' || locale === 'POSIX')
}
