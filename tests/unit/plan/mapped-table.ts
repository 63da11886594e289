import type { CatalogType } from '../../../shared/source/catalog-rows.ts'
import { catalog, column, index, key, table } from './catalog.ts'

export const types: readonly CatalogType[] = [
  {
    oid: '1',
    schema: 'public',
    name: 'mood',
    qualified: 'public.mood',
    extension: null,
    kind: 'enum',
    labels: ['a'],
  },
  {
    oid: '2',
    schema: 'public',
    name: 'mail',
    qualified: 'public.mail',
    extension: null,
    kind: 'domain',
    base: 'character varying(50)',
    base_oid: '1043',
    not_null: false,
    default: null,
    collation: null,
    checks: [],
  },
]
export const text = { type: 'text', type_oid: '25', length: -1, not_null: false }
export const columns = [
  column('nr'),
  column('name', text),
  column('mood', { ...text, type: 'public.mood', type_oid: '1' }),
  column('mail', { ...text, type: 'public.mail', type_oid: '2' }),
  column('twice', { generated: 's', not_null: false }),
]
export const one = table('a', {
  columns,
  keys: [key('a_pkey', true, ['nr'])],
  indexes: [index('a_pkey', ['nr'])],
})
export const source = { ...catalog([one]), types }
export const everything = { after: null, through: null }
export const entity = (more: object) => ({ entities: [{ source: 'public.a', ...more }] })
