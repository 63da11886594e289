/**
 * Who gives the rows of an entity their ids, for all entities before any of them is compiled: what a
 * column refers to decides whether it can stay as it is.
 */
import type { Catalog, CatalogTable } from '../../source/catalog-rows.ts'
import { isInteger } from '../expression/type-text.ts'
import { chooseScan, type Scan } from '../key.ts'
import { formatTableName, standardName } from '../names.ts'
import type { Plan } from '../schema.ts'
import { nameOf, type SelectedEntity } from '../selection.ts'
import { travelType } from './stage.ts'
import { columnsIn, isReferenceOf, straightSource } from './walk.ts'

export type Strategy = 'uuid' | 'preserve' | 'lookup'

export interface Role {
  readonly name: string
  readonly selected: SelectedEntity
  readonly scan: Scan
  /** Columns of the key at the source; empty for a table that is read by places. */
  readonly key: readonly string[]
  readonly strategy: Strategy
}

export interface Roles {
  readonly all: readonly Role[]
  get(name: string): Role | undefined
  /**
   * The entity whose ids a column has to hold where it passes by itself, because a foreign key leads to
   * a key that is given anew. Undefined where the column can stay as it is.
   */
  parentOf(name: string, column: string): string | undefined
}

export function assignRoles(
  plan: Plan,
  catalog: Catalog,
  entities: readonly SelectedEntity[],
): Roles {
  const selected = new Map(entities.map((entity) => [nameOf(entity.table), entity]))
  const known = new Map<string, Role>()
  // A circle of keys that are foreign keys has to begin somewhere: what is asked already is not asked again.
  const open = new Set<string>()
  const parentOf = parents(selected, get)
  function get(name: string): Role | undefined {
    const entity = selected.get(name)
    const role = known.get(name)
    if (entity === undefined || role !== undefined || open.has(name)) return role
    open.add(name)
    const scan = chooseScan(entity.table, catalog.server_version)
    const key = scan.scan === undefined ? scan.key.map(({ column }) => column) : []
    const strategy = entity.written?.id?.strategy ?? usual(entity, key)
    const made = { name, selected: entity, scan, key, strategy }
    known.set(name, made)
    open.delete(name)
    return made
  }
  function usual({ table }: SelectedEntity, key: readonly string[]): Strategy {
    const [only, ...others] = key
    if (plan.ids !== 'uuid' || only === undefined || others.length > 0) return 'preserve'
    const column = table.columns.find(({ name }) => name === only)
    const type = column && travelType(column.type, column.type_oid, catalog.types)
    if (!isInteger(type ?? '')) return 'preserve'
    // A row that extends one of another table has its id.
    return parentOf(nameOf(table), only) === undefined ? 'uuid' : 'preserve'
  }
  return { all: [...selected.keys()].map((name) => get(name)!), get, parentOf }
}

/** Follows foreign keys to whoever gives the ids. @param get undefined for a role that is being decided */
function parents(
  selected: ReadonlyMap<string, SelectedEntity>,
  get: Roles['get'],
): Roles['parentOf'] {
  const open = new Set<string>()
  const isKey = (name: string, column: string) => {
    const key = get(name)?.key ?? []
    return key.length === 1 && key[0] === column
  }
  function parentOf(name: string, column: string): string | undefined {
    const asked = JSON.stringify([name, column])
    const entity = selected.get(name)
    if (entity === undefined || open.has(asked)) return undefined
    open.add(asked)
    const found = followed(entity.table).flatMap((key) => {
      const at = key.columns.indexOf(column)
      const parent = formatTableName(key.reference)
      // A key that refers to itself says nothing.
      if (at < 0 || (parent === name && isKey(name, column))) return []
      return holderOf(parent, key.reference.columns[at]!, key.columns.length === 1) ?? []
    })
    open.delete(asked)
    return found[0]
  }
  /** Whose ids a column of a parent holds once that is moved. @param alone it is all that is referred to */
  function holderOf(parent: string, column: string, alone: boolean): string | undefined {
    const role = get(parent)
    if (role === undefined) return undefined
    if (role.strategy !== 'preserve' && isKey(parent, column)) return parent
    const root = passedTo(role, column, parentOf)
    // Where it is the parent's key, the row has to be there, too.
    return root !== undefined && alone && isKey(parent, column) ? parent : root
  }
  return parentOf
}

/** Whose ids the column that holds one of the source gets. */
function passedTo(
  { name, selected: { written, columns } }: Role,
  column: string,
  parentOf: Roles['parentOf'],
): string | undefined {
  const chosen = written?.columns
  if (chosen === undefined || Array.isArray(chosen)) {
    const isMoved = columns === null || columns.includes(column)
    return isMoved ? parentOf(name, column) : undefined
  }
  for (const expression of Object.values(chosen)) {
    if (straightSource(expression) === column) return undefined
    if (typeof expression === 'string' || expression.op !== 'reference') continue
    if (isReferenceOf(expression, column)) return standardName(expression.to)
  }
  const isRead = Object.values(chosen).some((each) => columnsIn(each).includes(column))
  return written?.rest === 'copy' && !isRead ? parentOf(name, column) : undefined
}

/** Foreign keys of a table that say what its columns refer to, in the order of their names. */
export function followed({ constraints }: CatalogTable) {
  return constraints
    .flatMap(({ name, columns, reference, period, inherited }) =>
      // One that is inherited points at a partition, whose root is pointed at by another.
      reference === null || period || inherited ? [] : [{ name, columns, reference }],
    )
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
}
