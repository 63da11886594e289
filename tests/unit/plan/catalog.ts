/** A catalog as the source would give it, small enough to write down in a test. */
import type {
  Catalog,
  CatalogColumn,
  CatalogForeignKey,
  CatalogTable,
} from '../../../shared/source/catalog-rows.ts'

export function column(name: string, more: Partial<CatalogColumn> = {}): CatalogColumn {
  return {
    name,
    type: 'integer',
    type_oid: '23',
    length: 4,
    collation: null,
    not_null: true,
    identity: '',
    generated: '',
    expression: null,
    readable: true,
    ...more,
  }
}

/** A table with the key `id`, or with the columns given. */
export function table(name: string, more: Partial<CatalogTable> = {}): CatalogTable {
  return {
    schema: 'public',
    name,
    partitioned: false,
    extension: null,
    row_type: `row of ${name}`,
    statistics: { rows: 100, pages: 10, bytes: 81_920 },
    row_security: false,
    usable_schema: true,
    columns: [column('id'), column('name', { type: 'text', type_oid: '25', length: -1 })],
    primary_key: { name: `${name}_pkey`, definition: 'PRIMARY KEY (id)', columns: ['id'] },
    keys: [key(`${name}_pkey`, true, ['id'])],
    ...more,
  }
}

export function key(name: string, primary: boolean, columns: readonly string[], length = 4) {
  const each = { type: 'integer', operators: 'pg_catalog', length }
  return { name, primary, columns: columns.map((column) => ({ column, ...each })) }
}

export function reference(from: string, to: string, nullable = false): CatalogForeignKey {
  return {
    name: `${from}_${to}`,
    schema: 'public',
    table: from,
    referenced_schema: 'public',
    referenced_table: to,
    nullable,
  }
}

export function catalog(
  tables: readonly CatalogTable[],
  foreignKeys: readonly CatalogForeignKey[] = [],
): Catalog {
  return {
    server_version: 150000,
    encoding: 'UTF8',
    tables,
    types: [],
    foreign_keys: foreignKeys,
    collations: [],
  }
}
