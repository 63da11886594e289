/** Sequences that come with the tables: made before them, owned by their columns, set after the rows. */
import { quoteIdent, quoteLiteral, quoteQualified, quoteTable } from '../projection/quote.ts'
import type { Catalog } from '../source/catalog-rows.ts'
import type { CatalogSequence } from '../source/catalog-rows-attached.ts'
import { hasColumns, type MovedTable } from './moved-table.ts'
import { key, type NameSpace } from './names.ts'

export interface Sequences {
  /** What a sequence of the source is called in the target; undefined where it does not come along. */
  find(oid: string): { readonly schema: string; readonly name: string } | undefined
  /** ` (sequence name … start with …)` for a column that the server numbers itself. */
  identityOptions(moved: MovedTable, column: string): string
  /** All of them, in the target. */
  readonly names: readonly { readonly schema: string; readonly name: string }[]
  /** Before the tables. */
  readonly create: readonly string[]
  /** After them. */
  readonly own: readonly string[]
  /** Sequences that the table sets, with the column that takes values from each. */
  users(moved: MovedTable): readonly SequenceUse[]
  /** For a step of the table: statements that let each of its sequences go on; by sequence. */
  positions(moved: MovedTable): readonly { readonly name: string; readonly statement: string }[]
}

export interface SequenceUse {
  readonly sequence: CatalogSequence
  readonly column: string
}

interface User {
  readonly moved: MovedTable
  readonly column: string
}

export function planSequences(
  catalog: Catalog,
  tables: readonly MovedTable[],
  schemaOf: (schema: string) => string,
  names: NameSpace,
): Sequences {
  const byOid = new Map(catalog.sequences.map((sequence) => [sequence.oid, sequence]))
  const owned = new Map(
    catalog.sequences.flatMap((each) =>
      each.owner === null
        ? []
        : [[columnKey(each.owner.schema, each.owner.table, each.owner.column), each]],
    ),
  )
  const users = new Map<string, User[]>()
  for (const moved of tables) {
    for (const column of moved.columns) {
      const own = owned.get(columnKey(moved.table.schema, moved.table.name, column.name))
      const used = column.expression?.uses.filter(({ kind }) => kind === 'sequence') ?? []
      const oids = new Set([...used.map(({ oid }) => oid), ...(own === undefined ? [] : [own.oid])])
      for (const oid of oids) {
        if (byOid.has(oid))
          users.set(oid, [...(users.get(oid) ?? []), { moved, column: column.name }])
      }
    }
  }
  const targets = new Map<string, { schema: string; name: string }>()
  const create: string[] = []
  const own: string[] = []
  for (const [oid, using] of users) {
    if (!using.some(({ moved }) => moved.isNew)) continue
    const sequence = byOid.get(oid)!
    const owner = using.find(({ moved, column }) => owns(sequence, moved, column) && moved.isNew)
    // A sequence has to lie in the schema of the table that owns it.
    const schema = owner?.moved.target.schema ?? schemaOf(sequence.schema)
    const target = { schema, name: sequence.name }
    targets.set(oid, target)
    names.take(schema, sequence.name, (owner ?? using[0]!).moved.entity.path)
    if (sequence.owner?.identity === true) continue
    const name = quoteQualified(schema, sequence.name)
    create.push(`create sequence ${name} as ${sequence.type}${options(sequence)}`)
    if (owner !== undefined) {
      own.push(
        `alter sequence ${name} owned by ${quoteTable(owner.moved.target)}.${quoteIdent(owner.column)}`,
      )
    }
  }
  const ofTable = new Map<MovedTable, SequenceUse[]>()
  for (const [oid, using] of users) {
    for (const { moved, column } of using) {
      if (moved.parent !== null && using.some((each) => each.moved.parent === null)) continue
      const list = ofTable.get(moved) ?? []
      list.push({ sequence: byOid.get(oid)!, column })
      ofTable.set(moved, list)
    }
  }
  return {
    find: (oid) => targets.get(oid),
    names: [...targets.values()],
    identityOptions(moved, column) {
      const sequence = owned.get(columnKey(moved.table.schema, moved.table.name, column))
      if (sequence === undefined) return ''
      const name = quoteQualified(moved.target.schema, sequence.name)
      return ` (sequence name ${name}${options(sequence)})`
    },
    create,
    own,
    users: (moved) => ofTable.get(moved) ?? [],
    positions: (moved) =>
      (ofTable.get(moved) ?? []).flatMap(({ sequence, column }) => {
        const target = targets.get(sequence.oid)
        const isShared =
          (users.get(sequence.oid) ?? []).filter((each) => each.moved.parent === null).length > 1
        const statement = positionStatement(moved, column, sequence, target, isShared)
        return statement === '' ? [] : [{ name: sequence.name, statement }]
      }),
  }
}

const columnKey = (schema: string, table: string, column: string) =>
  `${key(schema, table)} ${column}`

function owns({ owner }: CatalogSequence, { table }: MovedTable, column: string): boolean {
  return owner?.schema === table.schema && owner.table === table.name && owner.column === column
}

function options(sequence: CatalogSequence): string {
  const { start, increment, minimum, maximum, cache, cycle } = sequence
  return ` start with ${start} increment by ${increment} minvalue ${minimum} maxvalue ${maximum} cache ${cache}${cycle ? ' cycle' : ''}`
}

/**
 * The next value is the source's, or lies behind the greatest that the table holds, whichever is
 * further on. In a table that was there already, the sequence is the one its column owns.
 * @param target null where the table was there already
 */
function positionStatement(
  moved: MovedTable,
  column: string,
  sequence: CatalogSequence,
  target: { readonly schema: string; readonly name: string } | undefined,
  isShared: boolean,
): string {
  const table = quoteTable(moved.target)
  const { position, increment, minimum, maximum, cycle } = sequence
  const isDescending = increment.startsWith('-')
  const name =
    target === undefined
      ? `pg_catalog.pg_get_serial_sequence(${quoteLiteral(table)}, ${quoteLiteral(column)})::regclass`
      : `${quoteLiteral(quoteQualified(target.schema, target.name))}::regclass`
  const parts: string[] = []
  if (position !== null)
    parts.push(`select ${position.last_value}::bigint as value, ${position.is_called} as called`)
  if (!cycle && isNumber(moved, column)) {
    const extreme = `${isDescending ? 'min' : 'max'}(${quoteIdent(column)})`
    parts.push(`select ${extreme}::bigint as value, true as called from ${table}
    where ${quoteIdent(column)} between ${minimum} and ${maximum}`)
  }
  if (isShared && target !== undefined) {
    // Several tables set it, each further on only: one at a time.
    parts.push(`select last_value, is_called from ${quoteQualified(target.schema, target.name)}
    where is_called and pg_catalog.pg_advisory_xact_lock(hashtextextended(${quoteLiteral(`${target.schema}.${target.name}`)}, 0)) is not null`)
  }
  if (parts.length === 0) return ''
  return `select pg_catalog.setval(${name}, position.value, position.called) from (
    ${parts.join('\n    union all ')}
    order by value ${isDescending ? 'asc' : 'desc'} nulls last, called desc limit 1) as position
  where position.value is not null`
}

/** Whether the column's values can be held against the sequence. */
export function isNumber(moved: MovedTable, column: string): boolean {
  const type = moved.columns.find(({ name }) => name === column)?.type
  return (
    hasColumns(moved, [column]) && /^(smallint|integer|bigint|numeric(\(.*\))?)$/.test(type ?? '')
  )
}
