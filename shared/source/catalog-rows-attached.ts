/** What hangs on a table or column of the source: expressions, constraints, indexes, sequences. */

export interface CollationName {
  readonly schema: string
  readonly name: string
}

/** An object of users that an expression or index refers to. */
export interface CatalogUse {
  readonly kind: 'type' | 'function' | 'operator' | 'collation' | 'sequence' | 'relation' | 'other'
  /** Of an array type, its element's. */
  readonly oid: string
  readonly schema: string
  readonly name: string
  /** Of a sequence or relation: as a literal names it in front of `::regclass`. */
  readonly printed: string | null
  readonly extension: string | null
}

/** SQL text of the source server, with what it refers to beyond the built-in objects. */
export interface CatalogExpression {
  readonly text: string
  readonly uses: readonly CatalogUse[]
  /** Columns of the table that it belongs to. */
  readonly columns: readonly string[]
}

export interface CatalogConstraint {
  readonly name: string
  /** p primary key, u unique, x exclusion, c check, f foreign key */
  readonly type: 'p' | 'u' | 'x' | 'c' | 'f'
  readonly validated: boolean
  readonly enforced: boolean
  /** WITHOUT OVERLAPS or PERIOD. */
  readonly period: boolean
  readonly deferrable: boolean
  readonly deferred: boolean
  /** Comes from a parent table. */
  readonly inherited: boolean
  readonly no_inherit: boolean
  readonly columns: readonly string[]
  /** Of an exclusion constraint, in index order. */
  readonly operators: readonly CatalogMember[]
  /** Of a check. */
  readonly expression: CatalogExpression | null
  readonly reference: CatalogReference | null
}

/** An operator or operator class by name. */
export interface CatalogMember {
  readonly schema: string
  readonly name: string
  readonly extension: string | null
  /** Not built in. */
  readonly user: boolean
}

/** `on_update` and `on_delete`: a no action, r restrict, c cascade, n set null, d set default */
export interface CatalogReference {
  readonly schema: string
  readonly table: string
  readonly columns: readonly string[]
  readonly match_full: boolean
  readonly on_update: string
  readonly on_delete: string
  /** Columns that ON DELETE SET names. */
  readonly set_columns: readonly string[]
}

export interface CatalogIndex {
  readonly name: string
  /** Access method. */
  readonly method: string
  readonly method_extension: string | null
  readonly unique: boolean
  readonly nulls_not_distinct: boolean
  readonly valid: boolean
  readonly clustered: boolean
  readonly replica_identity: boolean
  /** Attached to an index of the parent table. */
  readonly inherited: boolean
  /** Constraint that it carries. */
  readonly constraint: string | null
  readonly options: readonly string[]
  readonly keys: readonly CatalogIndexKey[]
  readonly include: readonly string[]
  readonly predicate: string | null
  /** Of all its expressions. */
  readonly uses: readonly CatalogUse[]
  readonly columns: readonly string[]
}

export interface CatalogIndexKey {
  /** Null for an expression. */
  readonly column: string | null
  /** The expression, in parentheses where it needs them. */
  readonly text: string | null
  /** Set where it is not that of the column or expression. */
  readonly collation: CollationName | null
  /** Set where it is not the built-in one that the type has by default. */
  readonly operator_class: (CatalogMember & { readonly options: readonly string[] }) | null
  readonly descending: boolean
  readonly nulls_first: boolean
}

export interface CatalogSequence {
  readonly oid: string
  readonly schema: string
  readonly name: string
  readonly type: string
  readonly start: string
  readonly increment: string
  readonly minimum: string
  readonly maximum: string
  readonly cache: string
  readonly cycle: boolean
  readonly owner: {
    readonly schema: string
    readonly table: string
    readonly column: string
    readonly identity: boolean
  } | null
  /** Null where the role may not read it. */
  readonly position: { readonly last_value: string; readonly is_called: boolean } | null
}

export interface CatalogPartition {
  /** The parent. */
  readonly schema: string
  readonly table: string
  readonly root_schema: string
  readonly root_table: string
  /** 1 below the root. */
  readonly depth: number
  /** `FOR VALUES …` or `DEFAULT`. */
  readonly bound: string
}
