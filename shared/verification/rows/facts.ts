/** What each server says about a table that is compared: how it is read, and how its key is ordered there. */
import type { TableName } from '../../projection/entity.ts'
import { quoteLiteral, quoteTable } from '../../projection/quote.ts'

/** Where texts are sorted by a collation: all that decides about the order. */
export interface CollationFact {
  readonly provider: string
  readonly locale: string
  /** Null where the server does not know or does not record it. */
  readonly version: string | null
  readonly deterministic: boolean
  readonly rules: string | null
}

export interface KeyFact {
  readonly column: string
  /** Base type as `format_type` prints it on this server. */
  readonly type: string
  /** Name of the base type without schema and length. */
  readonly name: string
  /** Schema of its operators where not `pg_catalog`. */
  readonly operators: string | null
  readonly nullable: boolean
  /** `server`, `enum`, the name of an extension behind `extension `, or `other`. */
  readonly origin: string
  /** Labels of an enum in their order. */
  readonly labels: readonly string[] | null
  readonly collation: CollationFact | null
}

export interface TableFacts {
  readonly server_version: number
  readonly encoding: string
  readonly partitioned: boolean
  /** The transactions that had ended: where nothing changes it, nothing was committed. */
  readonly snapshot: string
  /** In the order of the columns asked for; those that the table does not have are missing. */
  readonly key: readonly KeyFact[]
}

/** The transactions that had ended, as text. */
export const snapshotText = 'pg_catalog.txid_current_snapshot()::text'

/**
 * One row `(facts jsonb)`. Runs on every release from 9.6 on: columns of catalogs that came later are
 * read by name out of the row.
 * @throws on the server, where the table is not there
 */
export function factsStatement(table: TableName, key: readonly string[]): string {
  const columns = `array[${key.map(quoteLiteral).join(', ')}]::text[]`
  return `select pg_catalog.jsonb_build_object(
  'server_version', pg_catalog.current_setting('server_version_num')::integer,
  'encoding', pg_catalog.getdatabaseencoding(),
  'partitioned', c.relkind = 'p',
  'snapshot', ${snapshotText},
  'key', (${keyFacts(columns)})
) as facts
from pg_catalog.pg_class c
where c.oid = ${quoteLiteral(quoteTable(table))}::pg_catalog.regclass`
}

function keyFacts(columns: string): string {
  return `select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
      'column', a.attname,
      'type', pg_catalog.format_type(t.oid, b.typmod),
      'name', t.typname,
      'operators', (select n.nspname from pg_catalog.pg_opclass o
        join pg_catalog.pg_amop ao on ao.amopfamily = o.opcfamily and ao.amopstrategy = 5
          and ao.amoplefttype = o.opcintype and ao.amoprighttype = o.opcintype
        join pg_catalog.pg_operator op on op.oid = ao.amopopr
        join pg_catalog.pg_namespace n on n.oid = op.oprnamespace and n.nspname <> 'pg_catalog'
        where o.opcintype = t.oid and o.opcdefault and o.opcmethod = 403),
      'nullable', not a.attnotnull,
      'origin', case when t.typtype = 'e' then 'enum'
        when t.oid < 16384 then 'server'
        else coalesce((select 'extension ' || e.extname from pg_catalog.pg_depend d
          join pg_catalog.pg_extension e on e.oid = d.refobjid
          where d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass and d.objid = t.oid
            and d.deptype = 'e' and d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass), 'other') end,
      'labels', (select pg_catalog.jsonb_agg(l.enumlabel order by l.enumsortorder)
        from pg_catalog.pg_enum l where l.enumtypid = t.oid),
      'collation', (${collationFact})
    ) order by u.place), '[]')
  from pg_catalog.unnest(${columns}) with ordinality as u (name, place)
  join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attname = u.name and not a.attisdropped
  cross join lateral (${baseType}) b
  join pg_catalog.pg_type t on t.oid = b.oid`
}

/** Of a domain the type below all domains, with its length or precision. */
const baseType = `with recursive down (oid, typmod, below) as (
      select a.atttypid, a.atttypmod, 0
      union all
      select y.typbasetype, y.typtypmod, down.below + 1
      from down join pg_catalog.pg_type y on y.oid = down.oid and y.typtype = 'd'
    ) select oid, typmod from down order by below desc limit 1`

/** A column of the default collation is sorted by that of its database. */
const collationFact = `select pg_catalog.jsonb_build_object(
      'provider', coalesce(j ->> 'collprovider', j ->> 'datlocprovider', 'c'),
      'locale', coalesce(j ->> 'colllocale', j ->> 'colliculocale', j ->> 'collcollate',
        j ->> 'datlocale', j ->> 'daticulocale', j ->> 'datcollate', ''),
      'version', coalesce(j ->> 'collversion', j ->> 'datcollversion'),
      'deterministic', coalesce((j ->> 'collisdeterministic')::boolean, true),
      'rules', coalesce(j ->> 'collicurules', j ->> 'daticurules'))
    from (
      select pg_catalog.to_jsonb(k) as j from pg_catalog.pg_collation k
        where k.oid = a.attcollation and k.oid <> 100
      union all
      select pg_catalog.to_jsonb(k) from pg_catalog.pg_database k
        where a.attcollation = 100 and k.datname = pg_catalog.current_database()
    ) as named`
