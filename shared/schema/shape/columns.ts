/** Columns of a table that does not exist yet, as a mapping makes them of the source's. */
import type { ShapedColumn } from '../../plan/mapping/shape.ts'
import type { Note } from '../../plan/problem.ts'
import type { CatalogColumn, CatalogTable, CatalogType } from '../../source/catalog-rows.ts'
import type { TargetEntity } from '../moved-table.ts'
import type { TargetTable } from '../target-state.ts'
import { renameColumns, type Straight } from './column-text.ts'

export type MappedEntity = TargetEntity & { readonly shape: readonly ShapedColumn[] }

export interface ShapedColumns {
  readonly columns: readonly CatalogColumn[]
  /** Those of the shape that the target gets. */
  readonly shape: readonly ShapedColumn[]
  readonly straight: Straight
  /** Names in the target by names at the source, of the columns that keep what gives them values. */
  readonly fed: ReadonlyMap<string, string>
  readonly notes: readonly Note[]
}

/**
 * @param table of the source: the entity's, or a partition of it
 * @param found the target's table where it is there already: it keeps the types that it has
 */
export function shapeColumns(
  entity: MappedEntity,
  table: CatalogTable,
  types: readonly CatalogType[],
  found: TargetTable | undefined,
): ShapedColumns {
  const sources = new Map(table.columns.map((column) => [column.name, column]))
  const heirs = heirsOf(entity.shape, sources)
  const straight = new Map([...heirs].map(([name, { target }]) => [name, target]))
  const notes: Note[] = []
  const shape: ShapedColumn[] = []
  const columns: CatalogColumn[] = []
  const fed = new Map<string, string>()
  const unfed = unfedColumns(entity)
  for (const each of entity.shape) {
    const source = each.from === null ? undefined : sources.get(each.from)
    const isFed =
      source !== undefined && heirs.get(source.name) === each && !unfed.includes(source.name)
    const column = isFed ? inherited(each, source, straight) : bare(each, source, types)
    if (column === undefined) {
      straight.delete(each.from ?? '')
      if (table.partition === null && found === undefined) notes.push(leftOut(each, entity))
      continue
    }
    const there = found?.columns.find(({ name }) => name === each.target)
    if (found !== undefined && there === undefined) continue
    shape.push(each)
    if (isFed) fed.set(source.name, each.target)
    columns.push(there === undefined ? column : { ...column, type: there.type })
  }
  return { columns, shape, straight, fed, notes }
}

/** What is looked up is numbered by the target, and nothing goes on numbering a key that was replaced. */
function unfedColumns({ shape, definition }: MappedEntity): readonly string[] {
  if (definition.mapping?.strategy === 'lookup') return shape.flatMap(({ from }) => from ?? [])
  const isReplaced = shape.some(({ is_id, from }) => is_id && from === null)
  return isReplaced ? definition.key.map(({ column }) => column) : []
}

/** Of several copies of a column the one that gets its default, identity and sequence. */
function heirsOf(
  shape: readonly ShapedColumn[],
  sources: ReadonlyMap<string, CatalogColumn>,
): ReadonlyMap<string, ShapedColumn> {
  const heirs = new Map<string, ShapedColumn>()
  for (const each of shape) {
    const { from, target, type, is_generated = false } = each
    const source = from === null ? undefined : sources.get(from)
    if (source === undefined || source.type !== type) continue
    // A copy of what the source generates is an ordinary column.
    if (is_generated !== (source.generated !== '')) continue
    if (!heirs.has(source.name) || target === source.name) heirs.set(source.name, each)
  }
  return heirs
}

/** Undefined for a generated column that cannot be computed of what the target has. */
function inherited(
  each: ShapedColumn,
  source: CatalogColumn,
  straight: Straight,
): CatalogColumn | undefined {
  const column = { ...source, name: each.target, not_null: each.not_null }
  if (source.generated === '') return column
  if (source.expression === null) return undefined
  const columns = source.expression.columns.filter((name) => name !== source.name)
  const expression = renameColumns({ ...source.expression, columns }, straight)
  return expression === undefined ? undefined : { ...column, expression }
}

/** A column without anything that the source's may have had besides its type. */
function bare(
  each: ShapedColumn,
  source: CatalogColumn | undefined,
  types: readonly CatalogType[],
): CatalogColumn | undefined {
  if (each.is_generated) return undefined
  const isCopy = source?.type === each.type
  return {
    name: each.target,
    type: each.type,
    type_oid: each.type_oid === '0' ? oidOf(each.type, types) : each.type_oid,
    length: -1,
    collation: isCopy ? source.collation : null,
    not_null: each.is_id || each.not_null,
    identity: '',
    generated: '',
    storage: isCopy ? source.storage : null,
    expression: null,
    readable: true,
  }
}

/** A reference can have the type of its parent's key, which users may have made. */
function oidOf(text: string, types: readonly CatalogType[]): string {
  const found = types.find(
    ({ qualified }) => text.startsWith(qualified) && /^[[(]|^$/.test(text.slice(qualified.length)),
  )
  return found?.oid ?? '0'
}

function leftOut({ target }: ShapedColumn, { path, entity_name }: TargetEntity): Note {
  return {
    code: 'generated_left_out',
    message: `The generated column ${target} of ${entity_name} is computed of columns that the plan leaves out or changes.`,
    hint: 'Add it in the target afterwards where it is needed.',
    path,
  }
}
