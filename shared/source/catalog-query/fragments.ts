/** Pieces that several parts of the catalog query share. */

/** Objects with a lower oid belong to the server itself. */
const firstUserOid = 16384

/** Name of the extension that an object belongs to, or null. */
export const extensionOf = (catalog: string, oid: string) => `(
  select e.extname from pg_depend d join pg_extension e on e.oid = d.refobjid
  where d.classid = '${catalog}'::regclass and d.objid = ${oid} and d.deptype = 'e'
    and d.refclassid = 'pg_extension'::regclass limit 1
)`

/** Element type of an array column, else the type itself. */
export const elementOf = (type: string) =>
  `case when ${type}.typelem <> 0 and ${type}.typlen = -1 and ${type}.typcategory = 'A'
    then ${type}.typelem else ${type}.oid end`

export const collationOf = (collation: string, plain: string) => `(
  select json_build_object('schema', cn.nspname, 'name', co.collname)
  from pg_collation co join pg_namespace cn on cn.oid = co.collnamespace
  where co.oid = ${collation} and ${collation} <> ${plain}
)`

/** `fillfactor=70` and its like as a JSON array. */
export const optionsOf = (options: string) => `coalesce(to_json(${options}), '[]')`

/**
 * What an object refers to, as entries of `json_build_object`: objects of users by kind and name, and
 * columns of the table that it belongs to.
 * @param own oid of that table, or of the domain
 * @param part number of the column where the dependencies of a column are meant
 */
export function dependencies(catalog: string, oid: string, own: string, part = '0'): string {
  const from = `pg_depend d where d.classid = '${catalog}'::regclass and d.objid = ${oid}
    and d.objsubid = ${part}`
  return `'uses', (
      select coalesce(json_agg(json_build_object('kind', u.kind, 'oid', u.oid::text,
        'schema', un.nspname, 'name', u.name, 'printed', u.printed, 'extension', u.extension
        ) order by u.kind, u.oid), '[]')
      from (
        select distinct case when c.relkind = 'S' then 'sequence' when c.oid is not null then 'relation'
            when t.oid is not null then 'type' when f.oid is not null then 'function'
            when o.oid is not null then 'operator' when co.oid is not null then 'collation'
            else 'other' end as kind,
          case when t.oid is not null then ${elementOf('t')} else d.refobjid end as oid,
          coalesce(c.relnamespace, t.typnamespace, f.pronamespace, o.oprnamespace, co.collnamespace) as space,
          coalesce(c.relname, et.typname, t.typname, f.proname, o.oprname, co.collname) as name,
          c.oid::regclass::text as printed,
          (select e.extname from pg_depend x join pg_extension e on e.oid = x.refobjid
            where x.classid = d.refclassid and x.objid = d.refobjid and x.deptype = 'e'
              and x.refclassid = 'pg_extension'::regclass limit 1) as extension
        from (select * from ${from} and d.refobjid >= ${firstUserOid} and d.refobjid <> ${own}
          and d.refclassid not in ('pg_opclass'::regclass, 'pg_constraint'::regclass,
            'pg_extension'::regclass, 'pg_namespace'::regclass)
          and d.deptype in ('n', 'a')) d
        left join pg_class c on d.refclassid = 'pg_class'::regclass and c.oid = d.refobjid
        left join pg_type t on d.refclassid = 'pg_type'::regclass and t.oid = d.refobjid
        left join pg_type et on et.oid = t.typelem and t.typlen = -1 and t.typcategory = 'A'
        left join pg_proc f on d.refclassid = 'pg_proc'::regclass and f.oid = d.refobjid
        left join pg_operator o on d.refclassid = 'pg_operator'::regclass and o.oid = d.refobjid
        left join pg_collation co on d.refclassid = 'pg_collation'::regclass and co.oid = d.refobjid
      ) u left join pg_namespace un on un.oid = u.space),
    'columns', (
      select coalesce(json_agg(distinct oa.attname), '[]') from (select * from ${from}
        and d.refclassid = 'pg_class'::regclass and d.refobjid = ${own} and d.refobjsubid > 0) d
      join pg_attribute oa on oa.attrelid = d.refobjid and oa.attnum = d.refobjsubid)`
}

/** Text of an expression with what it refers to. */
export function expressionObject(
  text: string,
  catalog: string,
  oid: string,
  own: string,
  part?: string,
): string {
  return `json_build_object('text', ${text}, ${dependencies(catalog, oid, own, part)})`
}
