/** A catalog as the source would give it, small enough to write down in a test. */
import type {
  Catalog,
  CatalogColumn,
  CatalogForeignKey,
  CatalogTable,
} from '../../../shared/source/catalog-rows.ts'
import type {
  CatalogConstraint,
  CatalogIndex,
} from '../../../shared/source/catalog-rows-attached.ts'

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
    storage: null,
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
    partition_key: null,
    partition: null,
    inherits: [],
    kind: 'r',
    heap: true,
    unlogged: false,
    options: [],
    replica_identity: 'd',
    digest: null,
    update_triggers: [],
    constraints: [primaryKey(`${name}_pkey`, ['id'])],
    indexes: [index(`${name}_pkey`, ['id'], { unique: true, constraint: `${name}_pkey` })],
    keys: [key(`${name}_pkey`, true, ['id'])],
    ...more,
  }
}

export function key(name: string, primary: boolean, columns: readonly string[], length = 4) {
  const each = { type: 'integer', operators: 'pg_catalog', length }
  return { name, primary, columns: columns.map((column) => ({ column, ...each })) }
}

export function constraint(
  name: string,
  type: CatalogConstraint['type'],
  more: Partial<CatalogConstraint> = {},
): CatalogConstraint {
  return {
    name,
    type,
    validated: true,
    enforced: true,
    period: false,
    deferrable: false,
    deferred: false,
    inherited: false,
    no_inherit: false,
    columns: [],
    operators: [],
    expression: null,
    reference: null,
    ...more,
  }
}

function primaryKey(name: string, columns: readonly string[]) {
  return constraint(name, 'p', { columns })
}

export function index(
  name: string,
  columns: readonly string[],
  more: Partial<CatalogIndex> = {},
): CatalogIndex {
  return {
    name,
    method: 'btree',
    method_extension: null,
    unique: false,
    nulls_not_distinct: false,
    valid: true,
    clustered: false,
    replica_identity: false,
    inherited: false,
    constraint: null,
    options: [],
    keys: columns.map((column) => ({
      column,
      text: null,
      collation: null,
      operator_class: null,
      descending: false,
      nulls_first: false,
    })),
    include: [],
    predicate: null,
    uses: [],
    columns: [],
    ...more,
  }
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
    partitions: [],
    sequences: [],
    types: [],
    foreign_keys: foreignKeys,
    collations: [],
  }
}
