/**
 * Whether a column holds a value that its sequence has yet to give. Asked of the server: no value of a
 * row comes here. The sequence is read in the same statement as the rows, and always as it stands now,
 * so that rows that arrive meanwhile raise no alarm.
 */
import type { Sql } from 'postgres'
import type { TableName } from '../../projection/entity.ts'
import { quoteIdent, quoteLiteral, quoteQualified, quoteTable } from '../../projection/quote.ts'
import type { CatalogTable } from '../../source/catalog-rows.ts'
import type { CatalogSequence } from '../../source/catalog-rows-attached.ts'
import type { Ledger, Place } from './ledger.ts'
import { readTarget } from './target-transaction.ts'

export interface PositionProbe {
  readonly at: Place
  readonly table: TableName
  readonly column: string
  /** Of the target. */
  readonly sequence: CatalogSequence
  readonly isAffordable: boolean
}

export interface AbsentSequence {
  readonly at: Place
  /** Quoted. */
  readonly name: string
}

/** Tables that one transaction holds locks on. */
const tablesAtOnce = 50
/** Without an index, up to here all rows are looked at: a fraction of a second. */
const scannedBytes = 128 * 2 ** 20

/** Whether an index answers, or the table is small enough to be read. */
export function mayLookUp(table: CatalogTable, column: string): boolean {
  return (
    table.statistics.bytes <= scannedBytes ||
    table.indexes.some(
      ({ valid, predicate, method, keys }) =>
        valid && predicate === null && method === 'btree' && keys[0]?.column === column,
    )
  )
}

/** @returns how many columns were not asked, because that would take too long */
export async function comparePositions(
  sql: Sql,
  probes: readonly PositionProbe[],
  ledger: Ledger,
): Promise<number> {
  const asked = probes.filter(({ isAffordable }) => isAffordable)
  for (let from = 0; from < asked.length; from += tablesAtOnce) {
    const some = asked.slice(from, from + tablesAtOnce)
    const text = some.map(probeStatement).join('\nunion all ')
    const rows = await readTarget(sql, (tx) =>
      tx.unsafe<{ place: number }[]>(`select place from (${text}) as each where behind`),
    )
    const behind = new Set(rows.map(({ place }) => place))
    some.forEach(({ at, sequence }, place) => {
      if (behind.has(place)) {
        const found = quoteQualified(sequence.schema, sequence.name)
        ledger.report(at, 'sequence_behind_rows', { found })
      } else ledger.hold(at, 'sequence_behind_rows', null, null)
    })
  }
  return probes.length - asked.length
}

/** Says of sequences that no column uses whether they are there. */
export async function reportAbsent(
  sql: Sql,
  sequences: readonly AbsentSequence[],
  ledger: Ledger,
): Promise<void> {
  if (sequences.length === 0) return
  const wanted = quoteLiteral(JSON.stringify(sequences.map(({ name }) => name)))
  const rows = await readTarget(sql, (tx) =>
    tx.unsafe<
      { name: string }[]
    >(`select w.name from json_array_elements_text(${wanted}) as w (name)
      where to_regclass(w.name) is not null`),
  )
  const there = new Set(rows.map(({ name }) => name))
  for (const { at, name } of sequences) {
    const code = there.has(name) ? 'sequence_unused' : 'sequence_missing'
    ledger.report(at, code, { expected: name })
  }
}

function probeStatement({ table, column, sequence }: PositionProbe, place: number): string {
  const { schema, name, increment, minimum, maximum } = sequence
  const isDescending = increment.startsWith('-')
  const each = `source.${quoteIdent(column)}`
  // Beyond the last bigint there is no next value, and nothing that it could meet.
  const isLast = isDescending
    ? `last_value < -9223372036854775808 - (${increment})`
    : `last_value > 9223372036854775807 - ${increment}`
  return `select ${place} as place, exists (
    select from ${quoteTable(table)} as source
    where ${each} between ${minimum} and ${maximum}
      and ${each} ${isDescending ? '<=' : '>='} (
        select case when not is_called then last_value
          when ${isLast} then null else last_value + (${increment}) end
        from ${quoteQualified(schema, name)})) as behind`
}
