/** Statements that put texts of the source into scratch objects of the target, and read them back. */
import { quoteIdent, quoteLiteral, quoteTable } from '../../projection/quote.ts'
import type { TextPair } from './comparison.ts'

/** A text with the name of the object that holds it while it is printed. */
export interface Placed {
  readonly pair: TextPair
  readonly name: string
}

/** Scratch objects are temporary: any role may make them, nobody else sees them, no catalog trigger minds. */
const scratch = 'pg_temp'

/** In an order in which each finds what it needs. */
export function replayStatements(placed: readonly Placed[]): string[] {
  const tables = new Set<string>()
  return placed.flatMap(({ pair, name }) => {
    const { container } = pair
    const own = statementsFor(pair, name)
    if (!('table' in container) || container.kind === 'partition_key') return own
    const { table } = container
    // A text may name a whole row by the name of its table.
    const create = `create temporary table ${quoteIdent(table.table)} (like ${quoteTable(table)}) on commit drop`
    if (tables.has(create)) return own
    tables.add(create)
    return [create, ...own]
  })
}

function statementsFor({ container, expected }: TextPair, name: string): string[] {
  const object = quoteIdent(name)
  const table = 'table' in container ? `${scratch}.${quoteIdent(container.table.table)}` : ''
  switch (container.kind) {
    case 'default':
      // In two steps: in one, the server would compute it.
      return [
        `alter table ${table} add column ${object} ${container.type}`,
        `alter table ${table} alter column ${object} set default ${expected}`,
      ]
    case 'generated':
      return [
        `alter table ${table} add column ${object} ${container.type} generated always as (${expected}) stored`,
      ]
    case 'check':
      return [`alter table ${table} add constraint ${object} check (${expected})`]
    case 'predicate':
      return [`create index ${object} on ${table} ((0)) where ${expected}`]
    case 'index_key':
      return [
        `create index ${object} on ${table} using ${container.method} (${expected}${container.operatorClass})`,
      ]
    case 'partition_key':
      return [
        `create temporary table ${object} (like ${quoteTable(container.table)}) partition by ${expected}`,
      ]
    case 'domain_default':
      return [`create domain ${scratch}.${object} as ${container.base} default ${expected}`]
    case 'domain_check':
      return [
        `create domain ${scratch}.${object} as ${container.base} constraint ${object} check (${expected})`,
      ]
  }
}

/** Name and text of what the statements made, as the server prints it. */
export function readBackStatement(names: readonly string[]): string {
  const wanted = quoteLiteral(JSON.stringify(names))
  const own = 'pg_catalog.pg_my_temp_schema()'
  return `
with wanted as (select w.name from json_array_elements_text(${wanted}) as w (name))
select a.attname as name, pg_get_expr(d.adbin, d.adrelid) as text
from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
where c.relnamespace = ${own} and a.attname in (select name from wanted)
union all
select con.conname, pg_get_expr(con.conbin, con.conrelid)
from pg_constraint con
where con.connamespace = ${own} and con.contype = 'c' and con.conname in (select name from wanted)
union all
select c.relname, coalesce(pg_get_expr(i.indpred, i.indrelid), pg_get_indexdef(i.indexrelid, 1, false))
from pg_class c join pg_index i on i.indexrelid = c.oid
where c.relnamespace = ${own} and c.relname in (select name from wanted)
union all
select c.relname, pg_get_partkeydef(c.oid)
from pg_class c
where c.relnamespace = ${own} and c.relkind = 'p' and c.relname in (select name from wanted)
union all
select t.typname, pg_get_expr(t.typdefaultbin, 0)
from pg_type t
where t.typnamespace = ${own} and t.typtype = 'd' and t.typdefaultbin is not null
  and t.typname in (select name from wanted)`
}
