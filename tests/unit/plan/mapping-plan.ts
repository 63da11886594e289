/** Plans that map, over catalogs that are written down. */
import { type Compilation, compilePlan } from '../../../shared/plan/compile.ts'
import type { Problem } from '../../../shared/plan/problem.ts'
import { parsePlan } from '../../../shared/plan/schema.ts'
import type { TargetColumn, TargetState } from '../../../shared/schema/target-state.ts'
import type { Catalog, CatalogTable } from '../../../shared/source/catalog-rows.ts'
import type { CatalogConstraint } from '../../../shared/source/catalog-rows-attached.ts'
import { constraint } from './catalog.ts'

/** What the plan is compiled to, or the problems with it as written. */
export function compile(more: object, source: Catalog, state?: TargetState) {
  const { plan, problems } = parsePlan({
    version: 1,
    name: 'm',
    source: { secret: 'S', system: 'legacy' },
    entities: '*',
    ...more,
  })
  const made: Compilation =
    plan === undefined ? { entities: [], problems, notes: [] } : compilePlan(plan, source, state)
  const find = (name: string) => made.entities.find((each) => each.entity_name === `public.${name}`)
  return { ...made, find, mapping: (name: string) => find(name)!.definition.mapping! }
}

export const told = (problems: readonly Problem[]) =>
  problems.map(({ code, path }) => `${code} ${path}`)

/** The table with foreign keys over pairs of a column and `table.column`. */
export function referring(
  table: CatalogTable,
  ...keys: readonly Readonly<Record<string, string>>[]
): CatalogTable {
  const added = keys.map((pairs, at): CatalogConstraint => {
    const goals = Object.values(pairs).map((goal) => goal.split('.'))
    return constraint(`${table.name}_fkey_${at}`, 'f', {
      columns: Object.keys(pairs),
      reference: {
        schema: 'public',
        table: goals[0]![0]!,
        columns: goals.map(([, column]) => column!),
        match_full: false,
        on_update: 'a',
        on_delete: 'a',
        set_columns: [],
      },
    })
  })
  return { ...table, constraints: [...table.constraints, ...added] }
}

export function there(
  name: string,
  columns: Readonly<Record<string, string | Partial<TargetColumn>>>,
): TargetState['tables'][number] {
  return {
    schema: 'public',
    table: name,
    kind: 'r',
    insertable: true,
    columns: Object.entries(columns).map(([column, given]) => {
      const more = typeof given === 'string' ? { type: given } : given
      const { type = 'integer' } = more
      const text = type.replace(/\(.*?\)/, '')
      return {
        name: column,
        type,
        element: { schema: 'pg_catalog', name: text, text },
        generated: false,
        required: false,
        not_null: false,
        base: null,
        ...more,
      }
    }),
  }
}

export function state(...tables: TargetState['tables']): TargetState {
  return {
    api_roles: [],
    may_create_schemas: true,
    schemas: [{ name: 'public', writable: true }],
    tables,
    relations: [],
    types: [],
    extensions: [],
    available: [],
    collations: [],
    unknown_types: [],
    filled: [],
  }
}
