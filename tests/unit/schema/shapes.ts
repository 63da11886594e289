/** Mapped entities with their shapes, small enough to write down in a test, and what is planned for them. */
import { expect } from 'vitest'
import type { ShapedColumn } from '../../../shared/plan/mapping/shape.ts'
import type { TargetEntity } from '../../../shared/schema/moved-table.ts'
import { planTarget } from '../../../shared/schema/target-plan.ts'
import type { TargetState } from '../../../shared/schema/target-state.ts'
import type { CatalogTable } from '../../../shared/source/catalog-rows.ts'
import type {
  CatalogConstraint,
  CatalogIndex,
  CatalogSequence,
} from '../../../shared/source/catalog-rows-attached.ts'
import { catalog, column, constraint, index } from '../plan/catalog.ts'

export const emptyTarget: TargetState = {
  api_roles: [],
  may_create_schemas: true,
  schemas: [{ name: 'public', writable: true }],
  tables: [],
  relations: [],
  types: [],
  extensions: [],
  available: [],
  collations: [],
  unknown_types: [],
  filled: [],
}

/** A straight copy of an integer, or what `more` makes of it. */
export function shaped(target: string, more: Partial<ShapedColumn> = {}): ShapedColumn {
  const from = more.from === undefined ? target : more.from
  const plain = { type: 'integer', type_oid: '23', reference: null, is_id: false }
  const not_null = more.not_null ?? from !== null
  return { target, ...plain, ...more, from, not_null }
}

export const text = { type: 'text', type_oid: '25' }
export const uuid = { type: 'uuid', type_oid: '0', from: null }
export const uuidKey = (target = 'id') => shaped(target, { ...uuid, is_id: true })

export function reference(target: string, to: string, ...source_columns: string[]): ShapedColumn {
  return shaped(target, { ...uuid, reference: { entity_name: `public.${to}`, source_columns } })
}

/** @param shape absent: the entity is plain */
export function entity(
  table: CatalogTable,
  shape?: readonly ShapedColumn[],
  mapping: Partial<NonNullable<TargetEntity['definition']['mapping']>> = {},
): TargetEntity {
  const name = `${table.schema}.${table.name}`
  const key = (table.keys[0]?.columns ?? []).map(({ column }) => ({ column }))
  const columns = table.columns.map((each) => ({ source: each.name }))
  const source = { schema: table.schema, table: table.name }
  const definition = { source, target: source, columns, key }
  const common = { entity_name: name, target_entity: name, records_total: 10, listed: null }
  if (shape === undefined) return { ...common, path: name, definition }
  return {
    ...common,
    path: name,
    shape,
    definition: {
      ...definition,
      mapping: { strategy: 'uuid', conflict: 'fail', ...mapping },
    },
  }
}

/** A unique or primary key as the catalog has it: a constraint and its index. */
export function keyed(name: string, type: 'p' | 'u', columns: readonly string[]) {
  return {
    constraint: constraint(name, type, { columns }),
    index: index(name, columns, { unique: true, constraint: name }),
  }
}

export function foreignKey(
  name: string,
  columns: readonly string[],
  to: string,
  toColumns: readonly string[] = ['id'],
): CatalogConstraint {
  return constraint(name, 'f', {
    columns,
    reference: {
      schema: 'public',
      table: to,
      columns: toColumns,
      match_full: false,
      on_update: 'a',
      on_delete: 'a',
      set_columns: [],
    },
  })
}

/** An expression over columns of its table. */
export function said(text: string, ...columns: string[]) {
  return { text, uses: [], columns }
}

export function withKeys(
  parts: readonly { readonly constraint: CatalogConstraint; readonly index: CatalogIndex }[],
  ...more: CatalogConstraint[]
) {
  return {
    constraints: [...parts.map((each) => each.constraint), ...more],
    indexes: parts.map((each) => each.index),
  }
}

export function plan(
  tables: readonly CatalogTable[],
  entities: readonly TargetEntity[],
  state: Partial<TargetState> = {},
  sequences: readonly CatalogSequence[] = [],
) {
  const source = { ...catalog(tables), sequences }
  return planTarget(entities, source, {}, { ...emptyTarget, ...state })
}

/** Everything that is said to the target, the steps behind what stands from the beginning. */
export function statements(...args: Parameters<typeof plan>): string {
  const { ddl, steps, problems } = plan(...args)
  expect(problems).toEqual([])
  return [...ddl, ...[...steps.values()].flat().map(({ statement }) => statement)].join('\n')
}

export const codes = (found: readonly { readonly code: string }[]) => found.map(({ code }) => code)
export const primary = (name: string, ...columns: string[]) => keyed(`${name}_pkey`, 'p', columns)
export const varying = (name: string, more = {}) => column(name, { ...text, length: -1, ...more })

/** One that a column of the table `a` owns. */
export const sequence = (name: string, column: string, identity: boolean): CatalogSequence => ({
  oid: name,
  schema: 'public',
  name,
  type: 'integer',
  start: '1',
  increment: '1',
  minimum: '1',
  maximum: '2147483647',
  cache: '1',
  cycle: false,
  owner: { schema: 'public', table: 'a', column, identity },
  position: { last_value: '7', is_called: true },
})
