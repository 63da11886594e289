/** What the statements of a mapping are joined with: the map of ids, and tables of parents. */
import { quoteIdent, quoteTable } from '../../projection/quote.ts'
import type { TableName } from '../../projection/table-name.ts'

export interface Joins {
  /** Alias of a row of the map. @param parent `entity_name` @param key SQL of the key text */
  map(parent: string, key: string): string
  /** Condition that a row of a table has a value. @param isUnique no two rows have the same */
  presence(
    table: TableName,
    column: string,
    value: string,
    equals: string,
    isUnique: boolean,
  ): string
  readonly clauses: readonly string[]
}

/** @param maps collects the parents, in the order of the ids that the statements are given */
export function openJoins(maps: string[]): Joins {
  const aliases = new Map<string, string>()
  const clauses: string[] = []
  const once = (identity: readonly string[], prefix: string, clause: (alias: string) => string) => {
    const key = JSON.stringify(identity)
    const known = aliases.get(key)
    if (known !== undefined) return known
    const alias = `${prefix}${clauses.length + 1}`
    aliases.set(key, alias)
    clauses.push(clause(alias))
    return alias
  }
  return {
    map(parent, key) {
      if (!maps.includes(parent)) maps.push(parent)
      const place = maps.indexOf(parent) + 1
      return once(
        [parent, key],
        'm',
        (alias) =>
          // One look at the primary key a row, whatever the statistics say: a join may read the whole map.
          `left join lateral (select m.target_id from migration.id_map m
  where m.map_entity_id = ($1::integer[])[${place}] and m.source_key = ${key} limit 1) ${alias} on true`,
      )
    },
    presence(table, column, value, equals, isUnique) {
      const name = quoteIdent(column)
      const there = quoteTable(table)
      // A table that this migration fills may have no index yet: a join can be hashed, whatever its size.
      // One that was there may hold a value twice, which a join would repeat.
      if (!isUnique) return `exists (select from ${there} p where p.${name} ${equals} ${value})`
      const alias = once(
        [there, name, value],
        'p',
        (own) => `left join ${there} ${own} on ${own}.${name} ${equals} ${value}`,
      )
      return `${alias}.${name} is not null`
    },
    clauses,
  }
}
