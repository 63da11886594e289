/**
 * UUIDs that are made of a name (RFC 9562, version 3), here and on a server alike. The same row gets the
 * same id whoever makes it, and however often.
 */
import { createHash } from 'node:crypto'
import { quoteLiteral } from './quote.ts'

/** Namespace for names that are URLs or URNs, from the RFC. */
export const urlNamespace = '6ba7b811-9dad-11d1-80b4-00c04fd430c8'

const form = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** UUID of `name`, which must be well-formed text, within `namespace`. */
export function nameUuid(namespace: string, name: string): string {
  const digest = createHash('md5')
    .update(hexOf(namespace), 'hex')
    .update(new TextEncoder().encode(name))
    .digest('hex')
  const variant = '89ab'[Number.parseInt(digest[16]!, 16) & 3]
  const digits = `${digest.slice(0, 12)}3${digest.slice(13, 16)}${variant}${digest.slice(17)}`
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/**
 * The same as an expression of SQL, null for null.
 * @param keySql text
 */
export function nameUuidSql(namespace: string, keySql: string): string {
  const bytes = markedDigest(namespace, `pg_catalog.convert_to(${keySql}, 'UTF8')`)
  return `pg_catalog.encode(${bytes}, 'hex')::pg_catalog.uuid`
}

/**
 * The same as its 16 bytes (`bytea`), which a binary COPY sends as it would send the UUID: a third less
 * work than to make a UUID of them first. For sessions whose client_encoding is UTF8.
 */
export function nameUuidBytesSql(namespace: string, keySql: string): string {
  return markedDigest(namespace, `pg_catalog.textsend(${keySql})`)
}

/** @param name SQL of the name's bytes in UTF-8 */
function markedDigest(namespace: string, name: string): string {
  const bytes = `${quoteLiteral(`\\x${hexOf(namespace)}`)}::pg_catalog.bytea`
  const digest = `pg_catalog.decode(pg_catalog.md5(${bytes} || ${name}), 'hex')`
  // The digest is made once and changed bit by bit: half the time of cutting its text into pieces.
  return versionAndVariant.reduce(
    (sql, [bit, value]) => `pg_catalog.set_bit(${sql}, ${bit}, ${value})`,
    digest,
  )
}

/** The upper half of byte 6 is 0011, byte 8 begins with 10; bits of a byte are counted from its lowest. */
const versionAndVariant: readonly (readonly [bit: number, value: 0 | 1])[] = [
  [55, 0],
  [54, 0],
  [53, 1],
  [52, 1],
  [71, 1],
  [70, 0],
]

/** Namespace of everything that comes from one source system. */
export function systemNamespace(system: string): string {
  return nameUuid(urlNamespace, `urn:supaferry:${system}`)
}

/** Namespace of the rows of one table there. @param entityName `schema.table` of the source */
export function entityNamespace(system: string, entityName: string): string {
  return nameUuid(systemNamespace(system), entityName)
}

function hexOf(uuid: string): string {
  if (!form.test(uuid)) throw new TypeError('A namespace is a UUID with hyphens.')
  return uuid.replaceAll('-', '')
}
