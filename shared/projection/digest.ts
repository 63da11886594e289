/**
 * What a row amounts to, as 128 bits that both servers compute alike: the md5 of the row's own text,
 * in which every column is quoted and NULL differs from an empty text. The text depends on the pinned
 * settings alone: not on the order of columns in storage, on TOAST, or on the session's defaults.
 */
import { quoteIdent } from './quote.ts'

/** A column as one side names it; `type` as `format_type` prints it at the source. */
export interface DigestedColumn {
  readonly name: string
  readonly type: string
}

/** What the text of a value depends on besides the settings. */
export interface DigestForm {
  /**
   * Floats by their bits: releases before 12 print them otherwise than later ones. Not needed where
   * both sides print the shortest text that reads back as the same number.
   */
  readonly floatBits: boolean
  /** Encoding of the database: md5 sees bytes, so other encodings are brought to UTF-8 first. */
  readonly encoding: string
}

/** The alias under which every digest reads its table. */
export const digestAlias = 'source'

/** 32 hexadecimal digits over all columns, in their order. */
export function rowDigest(columns: readonly DigestedColumn[], form: DigestForm): string {
  return textDigest(recordText(columns, form), form)
}

/** A jsonb array with the digest of every column by itself, in their order. */
export function columnDigests(columns: readonly DigestedColumn[], form: DigestForm): string {
  const each = columns.map((column) => textDigest(recordText([column], form), form))
  return `pg_catalog.to_jsonb(array[${each.join(', ')}]::text[])`
}

/** A record quotes what needs it: ('ab','c') is not ('a','bc'), and NULL is not an empty text. */
function recordText(columns: readonly DigestedColumn[], form: DigestForm): string {
  return `row(${columns.map((column) => value(column, form)).join(', ')})::text`
}

/** md5 of a text in UTF-8. */
export function textDigest(text: string, form: DigestForm): string {
  const bytes = form.encoding === 'UTF8' ? text : `pg_catalog.convert_to(${text}, 'UTF8')`
  return `pg_catalog.md5(${bytes})`
}

/** Types that hold floats, by the function that gives their bits. */
const sends: Readonly<Record<string, string>> = {
  point: 'point_send',
  lseg: 'lseg_send',
  path: 'path_send',
  box: 'box_send',
  polygon: 'poly_send',
  line: 'line_send',
  circle: 'circle_send',
}
const floats: Readonly<Record<string, string>> = {
  'double precision': 'float8send',
  real: 'float4send',
}

function value({ name, type }: DigestedColumn, form: DigestForm): string {
  const column = `${digestAlias}.${quoteIdent(name)}`
  if (!form.floatBits) return column
  if (floats[type] !== undefined) return floatBits(column, type)
  if (sends[type] !== undefined) return `pg_catalog.${sends[type]}(${column})`
  const element = type.endsWith('[]') ? type.slice(0, -2) : ''
  if (sends[element] !== undefined) return `pg_catalog.array_send(${column})`
  if (floats[element] === undefined) return column
  return `case when ${column} is not null then row(pg_catalog.array_dims(${column}), array(
    select ${floatBits('element.value', element)}
    from pg_catalog.unnest(${column}) with ordinality as element (value, place)
    order by element.place))::text end`
}

/** All that is not a number counts as one value, as it does in text. */
function floatBits(text: string, type: string): string {
  return `pg_catalog.${floats[type]}(case when ${text} = 'NaN'::${type} then 'NaN'::${type} else ${text} end)`
}
