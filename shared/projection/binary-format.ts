/**
 * Whether rows can travel in COPY's binary format, which costs both servers about a third less than
 * text: where every column has a type of the server itself whose binary form has been the same in every
 * release since 9.6. Everything else goes as text.
 */
const sameEverywhere = new Set([
  'bigint',
  'boolean',
  'bytea',
  'character',
  'character varying',
  'date',
  'double precision',
  'integer',
  'json',
  'jsonb',
  'numeric',
  'real',
  'smallint',
  'text',
  'time without time zone',
  'timestamp with time zone',
  'timestamp without time zone',
  'uuid',
])

/** Types as `format_type` prints them; a length or precision does not change the form. */
export function travelInBinary(columns: readonly { readonly type: string }[]): boolean {
  return (
    columns.length > 0 &&
    columns.every(({ type }) => sameEverywhere.has(type.replace(/\(\d+(,-?\d+)?\)/, '')))
  )
}
