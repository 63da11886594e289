/** A table with what the strategies of incremental sync look at, and plans that ask for them. */
import type { TargetState } from '../../../shared/schema/target-state.ts'
import type { Catalog, CatalogTable } from '../../../shared/source/catalog-rows.ts'
import { catalog, column, index, key, table } from './catalog.ts'
import { types as others } from './mapped-table.ts'
import { compile, told } from './mapping-plan.ts'

const withZone = { type: 'timestamp with time zone', type_oid: '1184', length: 8 }
const columns = [
  column('id', { type: 'bigint', type_oid: '20', length: 8 }),
  column('nr', { not_null: false }),
  column('name', { type: 'text', type_oid: '25', length: -1 }),
  column('at', withZone),
  column('maybe', { ...withZone, not_null: false }),
  column('wide', { ...withZone, type: 'timestamp(3) with time zone' }),
  column('local', { ...withZone, type: 'timestamp(0) without time zone', type_oid: '1114' }),
  column('stamp', { ...withZone, type: 'public.stamp', type_oid: '3' }),
  column('times', { ...withZone, type: 'timestamp with time zone[]', length: -1 }),
  column('day', { type: 'date', type_oid: '1082' }),
]

const stamp = {
  oid: '3',
  schema: 'public',
  name: 'stamp',
  qualified: 'public.stamp',
  extension: null,
  kind: 'domain',
  base: 'timestamp with time zone',
  base_oid: '1184',
  not_null: false,
  default: null,
  collation: null,
  checks: [],
} as const

export const types = [...others, stamp]

/** Every column has an index, and a trigger keeps the times. */
export const orders = table('orders', {
  columns,
  keys: [key('orders_pkey', true, ['id'], 8)],
  indexes: columns.map(({ name }) => index(`orders_${name}`, [name])),
  update_triggers: ['touch'],
  statistics: { rows: 10_000, pages: 100, bytes: 819_200 },
})

export function source(more: Partial<CatalogTable> = {}): Catalog {
  return { ...catalog([{ ...orders, ...more }]), types }
}

interface Asked {
  readonly general?: object
  readonly entity?: object
  readonly at?: Catalog
  readonly state?: TargetState
}

/** What is said about one entity, as `code path`, and how it is kept in step. */
export function asked(sync: object, { general = {}, entity = {}, at, state }: Asked = {}) {
  const plan = { sync: general, entities: [{ source: 'public.orders', ...entity, sync }] }
  const made = compile(plan, at ?? source(), state)
  return {
    problems: told(made.problems),
    notes: told(made.notes),
    hints: made.problems.map(({ hint }) => hint),
    sync: made.find('orders')?.definition.sync,
  }
}
