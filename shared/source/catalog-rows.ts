/** The catalog of a source as plain rows. Names are unquoted; `type` texts are schema-qualified. */
import type {
  CatalogConstraint,
  CatalogExpression,
  CatalogIndex,
  CatalogPartition,
  CatalogSequence,
  CollationName,
} from './catalog-rows-attached.ts'

export type { CollationName }

export interface Catalog {
  /** `server_version_num`, such as 90624 or 170010. */
  readonly server_version: number
  readonly encoding: string
  /** Ordinary and partitioned tables that are no partition. */
  readonly tables: readonly CatalogTable[]
  /** Partitions of the tables, at any depth, parents first. */
  readonly partitions: readonly CatalogTable[]
  readonly types: readonly CatalogType[]
  readonly foreign_keys: readonly CatalogForeignKey[]
  readonly collations: readonly CatalogCollation[]
  /** Sequences that columns of the tables use or own. */
  readonly sequences: readonly CatalogSequence[]
}

export interface CatalogTable {
  readonly schema: string
  readonly name: string
  readonly partitioned: boolean
  readonly partition_key: CatalogExpression | null
  /** Null for a table that is no partition. */
  readonly partition: CatalogPartition | null
  /** Parents of plain inheritance, in order. */
  readonly inherits: readonly { readonly schema: string; readonly table: string }[]
  /** `relkind`: r, p, or f for a partition that is a foreign table. */
  readonly kind: string
  /** Whether rows have a place that can be asked for (`ctid` in blocks). */
  readonly heap: boolean
  readonly unlogged: boolean
  /** Storage parameters, such as `fillfactor=70`. */
  readonly options: readonly string[]
  /** 'd' default, 'n' nothing, 'f' full, 'i' an index */
  readonly replica_identity: string
  /** Of its columns' numbers, names and types. */
  readonly digest: string | null
  /** Names of row triggers of users that an UPDATE fires. */
  readonly update_triggers: readonly string[]
  /** Extension that owns the table; such a table comes with its extension. */
  readonly extension: string | null
  /** Oid of the table's row type. */
  readonly row_type: string
  /** Planner statistics, partitions included; rows is -1 where the table was never analysed. */
  readonly statistics: { readonly rows: number; readonly pages: number; readonly bytes: number }
  /** Whether policies would hide rows from the connecting role. */
  readonly row_security: boolean
  /** Whether the connecting role may use the schema. */
  readonly usable_schema: boolean
  readonly columns: readonly CatalogColumn[]
  readonly constraints: readonly CatalogConstraint[]
  readonly indexes: readonly CatalogIndex[]
  /** Unique indexes that can order a scan: no expression, not partial, no nullable column. */
  readonly keys: readonly CatalogKey[]
}

export interface CatalogColumn {
  readonly name: string
  readonly type: string
  /** Oid of the type, of an array its element type. */
  readonly type_oid: string
  /** Fixed length of a value in bytes; -1 where it varies. */
  readonly length: number
  /** Set where it is not the type's own. */
  readonly collation: CollationName | null
  readonly not_null: boolean
  /** '' none, 'a' always, 'd' by default */
  readonly identity: '' | 'a' | 'd'
  /** '' none, 's' stored, 'v' virtual */
  readonly generated: '' | 's' | 'v'
  /** `attstorage` where it is not the type's own. */
  readonly storage: string | null
  /** Default, or the expression of a generated column. */
  readonly expression: CatalogExpression | null
  readonly readable: boolean
}

export interface CatalogKey {
  readonly name: string
  readonly primary: boolean
  readonly columns: readonly {
    readonly column: string
    /** Base type of a domain. */
    readonly type: string
    /** Schema of the ordering operators. */
    readonly operators: string
    readonly length: number
  }[]
}

export interface CatalogCollation extends CollationName {
  /** 'c' libc, 'i' ICU, 'b' built in, 'd' default */
  readonly provider: string
  readonly locale: string | null
  readonly deterministic: boolean
}

export interface CatalogForeignKey {
  readonly name: string
  readonly schema: string
  readonly table: string
  readonly referenced_schema: string
  readonly referenced_table: string
  /** All referencing columns accept null: the edge a cycle is best cut at. */
  readonly nullable: boolean
}

interface CatalogTypeBase {
  readonly oid: string
  readonly schema: string
  readonly name: string
  /** As `format_type` prints it. */
  readonly qualified: string
  readonly extension: string | null
}

export type CatalogType =
  | (CatalogTypeBase & { readonly kind: 'enum'; readonly labels: readonly string[] })
  | (CatalogTypeBase & {
      readonly kind: 'domain'
      readonly base: string
      readonly base_oid: string
      readonly not_null: boolean
      readonly default: CatalogExpression | null
      readonly collation: CollationName | null
      readonly checks: readonly (CatalogExpression & {
        readonly name: string
        readonly validated: boolean
      })[]
    })
  | (CatalogTypeBase & {
      readonly kind: 'composite'
      readonly attributes: readonly {
        readonly name: string
        readonly type: string
        readonly type_oid: string
        readonly collation: CollationName | null
      }[]
    })
  | (CatalogTypeBase & {
      readonly kind: 'range'
      readonly subtype: string
      readonly subtype_oid: string
      readonly collation: CollationName | null
      /** Name of the multirange type where the release has one. */
      readonly multirange: string | null
    })
  | (CatalogTypeBase & {
      readonly kind: 'multirange'
      /** Oid of the range type that brings it. */
      readonly range_oid: string
    })
  /** A base type written in C: only its extension or a superuser can create it. */
  | (CatalogTypeBase & { readonly kind: 'base' })
