/**
 * What a database is made of besides its rows, as the server itself prints it. Written apart from the
 * product, which builds its statements from parts: here whole definitions are compared as texts.
 */
import postgres, { type Sql } from 'postgres'

/** One line per object, sorted; equal lists mean equal shapes. */
export type Shape = readonly string[]

/**
 * @param schemas whose tables count; in the lines they are numbers, so that one may have another name
 * @param path search path that both sides are printed under, so that where an extension lies says nothing
 */
export async function shapeOf(
  address: string,
  schemas: readonly string[],
  path = 'public, extensions',
): Promise<Shape> {
  const sql: Sql = postgres(address, { max: 1, onnotice: () => undefined })
  try {
    return await sql.begin('isolation level repeatable read read only', async (tx) => {
      await tx.unsafe(`set local search_path = ${path}; set local timezone = 'UTC';
        set local datestyle = 'ISO'; set local intervalstyle = 'postgres'`)
      const lines: string[] = []
      for (const [what, query] of Object.entries(queries)) {
        const rows = await tx.unsafe<{ line: string }[]>(query, [`{${schemas.map(quoted).join()}}`])
        lines.push(...rows.map(({ line }) => `${what}: ${settled(line)}`))
      }
      return lines.sort()
    })
  } finally {
    await sql.end()
  }
}

/**
 * A list of varchar constants is printed with its casts in another place once the print was read back:
 * any copy by statements shows it, a restored dump too.
 */
function settled(line: string): string {
  return /ARRAY\[/.test(line)
    ? line.replaceAll(/::character varying|::text(\[\])?|[()]/g, '')
    : line
}

const quoted = (name: string) => `"${name.replaceAll(/["\\]/g, '\\$&')}"`

const tables = `(
  select c.*, n.nspname from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = any ($1::text::text[]) and c.relkind in ('r', 'p') and not exists (
    select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'))`

const queries: Readonly<Record<string, string>> = {
  table: `
    select concat_ws(' ', array_position($1::text::text[], t.nspname::text), t.relname, t.relkind, t.relreplident, t.reloptions,
      pg_get_partkeydef(t.oid), pg_get_expr(t.relpartbound, t.oid),
      (select array_agg(i.inhparent::regclass order by i.inhseqno) from pg_inherits i where i.inhrelid = t.oid)) as line
    from ${tables} t`,
  column: `
    select concat_ws(' ', array_position($1::text::text[], t.nspname::text), t.relname, quote_ident(a.attname), format_type(a.atttypid, a.atttypmod),
      co.collname, case when a.attnotnull then 'not null' end, 'identity=' || a.attidentity::text,
      'generated=' || a.attgenerated::text, pg_get_expr(d.adbin, d.adrelid), a.attstorage) as line
    from ${tables} t join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
    left join pg_collation co on co.oid = a.attcollation
    left join pg_attrdef d on d.adrelid = t.oid and d.adnum = a.attnum`,
  constraint: `
    select concat_ws(' ', array_position($1::text::text[], t.nspname::text), t.relname, c.conname, c.contype, pg_get_constraintdef(c.oid),
      'valid=' || c.convalidated, 'parent=' || (c.conparentid <> 0)) as line
    from ${tables} t join pg_constraint c on c.conrelid = t.oid where c.contype <> 't'`,
  index: `
    select concat_ws(' ', replace(pg_get_indexdef(i.indexrelid), quote_ident(t.nspname) || '.', ''), 'valid=' || i.indisvalid,
      'clustered=' || i.indisclustered, 'replica=' || i.indisreplident,
      (select 'in ' || h.inhparent::regclass from pg_inherits h where h.inhrelid = i.indexrelid)) as line
    from ${tables} t join pg_index i on i.indrelid = t.oid`,
  sequence: `
    select concat_ws(' ', array_position($1::text::text[], s.schemaname::text), s.sequencename, s.data_type, s.start_value, s.min_value, s.max_value,
      s.increment_by, s.cycle, s.cache_size,
      (select d.refobjid::regclass || '.' || a.attname || ' ' || d.deptype::text from pg_depend d
        join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
        where d.objid = format('%I.%I', s.schemaname, s.sequencename)::regclass
          and d.classid = 'pg_class'::regclass and d.deptype in ('a', 'i'))) as line
    from pg_sequences s where s.schemaname = any ($1::text::text[])`,
  enum: `
    select concat_ws(' ', t.typname, array_agg(e.enumlabel order by e.enumsortorder)) as line
    from pg_type t join pg_enum e on e.enumtypid = t.oid join pg_namespace n on n.oid = t.typnamespace
    where n.nspname = any ($1::text::text[]) group by t.oid, t.typname`,
  domain: `
    select concat_ws(' ', t.typname, format_type(t.typbasetype, t.typtypmod), t.typnotnull, t.typdefault,
      (select array_agg(c.conname || ' ' || pg_get_constraintdef(c.oid) order by c.conname)
        from pg_constraint c where c.contypid = t.oid and c.contype = 'c')) as line
    from pg_type t join pg_namespace n on n.oid = t.typnamespace
    where t.typtype = 'd' and n.nspname = any ($1::text::text[])
      and exists (select from pg_attribute a join pg_class c on c.oid = a.attrelid
        where a.atttypid = t.oid and c.relkind in ('r', 'p'))`,
}

/** The value that each sequence of the schemas would give next, by name. Draws it. */
export async function nextValues(
  address: string,
  schemas: readonly string[],
): Promise<Record<string, string>> {
  const sql = postgres(address, { max: 1, onnotice: () => undefined })
  try {
    const rows = await sql<{ name: string; value: string }[]>`
      select format('%I.%I', schemaname, sequencename) as name,
             nextval(format('%I.%I', schemaname, sequencename)::regclass)::text as value
        from pg_sequences where schemaname = any (${[...schemas]}::text[])`
    return Object.fromEntries(rows.map(({ name, value }) => [name, value]))
  } finally {
    await sql.end()
  }
}
