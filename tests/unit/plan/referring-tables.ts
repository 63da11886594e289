import { entityNamespace } from '../../../shared/projection/name-uuid.ts'
import { catalog, column, key, table } from './catalog.ts'
import { referring } from './mapping-plan.ts'

export const text = { type: 'text', type_oid: '25', length: -1 }
export const parent = table('p', { columns: [column('id'), column('code', text)] })
export const pair = table('pair', {
  columns: [column('a'), column('b', text)],
  keys: [key('pair_pkey', true, ['a', 'b'])],
})
export const child = referring(
  table('c', {
    columns: [
      column('id'),
      column('p', { type: 'bigint', type_oid: '20', not_null: false }),
      column('b', text),
      column('a'),
    ],
  }),
  { p: 'p.id' },
  { b: 'pair.b', a: 'pair.a' },
)
export const source = catalog([parent, pair, child])
export const reference = (to: string, of: string | string[], more: object = {}) => ({
  op: 'reference',
  to: `public.${to}`,
  of,
  ...more,
})
/** The child with one column, and its parents as they are given. */
export const plan = (expression: object, ...parents: (string | object)[]) => ({
  entities: [
    ...parents,
    { source: 'public.c', id: { strategy: 'uuid' }, columns: { x: expression } },
  ],
})
export const uuid = (name: string) => ({ source: `public.${name}`, id: { strategy: 'uuid' } })
export const hexOf = (name: string) =>
  entityNamespace('legacy', `public.${name}`).replaceAll('-', '')
