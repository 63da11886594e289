/** The statements that look for orphans in the target. */
import { digestAlias } from '../../projection/digest.ts'
import type { CompiledReference } from '../../projection/entity.ts'
import { quoteIdent, quoteLiteral, quoteQualified, quoteTable } from '../../projection/quote.ts'
import { readTable } from '../../projection/select.ts'
import { fromTarget, type TargetRows } from '../offenders.ts'
import { factsStatement, type TableFacts } from '../rows/facts.ts'

/** What the target says about the table that a reference points at. */
export interface ReferencedTable {
  /** Of the reference in its list. */
  readonly place: number
  readonly facts: TableFacts
  /** Schema and name for each column; null for a type without collations. */
  readonly collations: readonly (readonly [string, string] | null)[]
}

/** The alias of the table that is pointed at. */
const parent = 'parent'

/** Rows of `ReferencedTable`, one for each reference. */
export function referencedStatement(references: readonly CompiledReference[]): string {
  return references
    .map(({ referenced, referenced_columns: columns }, at) => {
      const names = columns.map(quoteLiteral).join(', ')
      return `select ${at} as place, looked.facts, (
  select pg_catalog.jsonb_agg(case when k.oid is not null
    then pg_catalog.jsonb_build_array(n.nspname, k.collname) end order by u.place)
  from pg_catalog.unnest(array[${names}]::text[]) with ordinality as u (name, place)
  join pg_catalog.pg_attribute a on a.attrelid = ${quoteLiteral(quoteTable(referenced))}::pg_catalog.regclass
    and a.attname = u.name
  left join pg_catalog.pg_collation k on k.oid = a.attcollation
  left join pg_catalog.pg_namespace n on n.oid = k.collnamespace) as collations
from (${factsStatement(referenced, columns)}) as looked`
    })
    .join('\nunion all\n')
}

/** One row `(referring jsonb, orphans jsonb)`: a number for each reference. */
export function referencesCountStatement(
  rows: Pick<TargetRows, 'table' | 'where'>,
  references: readonly CompiledReference[],
  tables: readonly ReferencedTable[],
): string {
  const referring = references.map((each) => `count(*) filter (where ${refers(each)})`)
  const orphans = references.map(
    (each, at) => `(select count(*) ${fromTarget(rows, isOrphan(each, tables[at]!))})`,
  )
  return `select pg_catalog.to_jsonb(array[${referring.join(', ')}]) as referring,
  pg_catalog.to_jsonb(array[${orphans.join(',\n    ')}]) as orphans
${fromTarget(rows)}`
}

/** A condition over a row: it refers to another one, and that is not there. */
export function isOrphan(
  reference: CompiledReference,
  { facts, collations }: ReferencedTable,
): string {
  const { referenced, referenced_columns } = reference
  const equal = reference.columns.map((column, at) => {
    const name = referenced_columns[at]!
    const operators = facts.key.find((fact) => fact.column === name)?.operators ?? null
    const collation = collations[at] ?? null
    // As the server does it: by the operators and the collation of what is pointed at.
    const operator = operators === null ? '=' : `operator(${quoteIdent(operators)}.=)`
    const collate = collation === null ? '' : ` collate ${quoteQualified(...collation)}`
    return `${parent}.${quoteIdent(name)} ${operator} ${own(column)}${collate}`
  })
  const table = readTable({ ...referenced, partitioned: facts.partitioned })
  return `${refers(reference)} and not exists (select from ${table} as ${parent} where ${equal.join(' and ')})`
}

/** MATCH SIMPLE lets a row go that has a null in any column, MATCH FULL one that has nothing else. */
function refers({ columns, match_full }: CompiledReference): string {
  const given = columns.map((column) => `${own(column)} is not null`)
  return `(${given.join(match_full ? ' or ' : ' and ')})`
}

function own(column: string): string {
  return `${digestAlias}.${quoteIdent(column)}`
}
