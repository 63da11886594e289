/** Reads the catalog of a source: its release, then everything as one JSON, then where sequences stand. */
import type { TransactionSql } from 'postgres'
import { FerryError } from '../platform/errors.ts'
import { catalogQuery } from './catalog-query/query.ts'
import { sequencePositionsQuery } from './catalog-query/sequences.ts'
import type { Catalog, CatalogType } from './catalog-rows.ts'
import type { CatalogSequence } from './catalog-rows-attached.ts'

const oldestRelease = 90600
/** Sequences that one statement asks. */
const sequencesAtOnce = 500

/** A type as the query gives it: what depends on the kind lies in `detail`. */
type TypeRow = { readonly detail: object } & Pick<
  CatalogType,
  'oid' | 'schema' | 'name' | 'qualified' | 'extension'
>
/** Before release 10, the settings come with the position. */
type SequenceRow = Omit<CatalogSequence, 'position'> & { readonly readable: boolean }

/**
 * @param schemas the schemas whose tables are listed; null lists those of all but system schemas
 * @throws FerryError `source_release_unsupported` before release 9.6
 */
export async function readCatalog(
  tx: TransactionSql,
  schemas: readonly string[] | null,
): Promise<Catalog> {
  const version = await readVersion(tx)
  const [row] = await tx.unsafe<{ catalog: string }[]>(catalogQuery(version, schemas))
  // The shape is that of the query above, which nothing else writes.
  const read = JSON.parse(row?.catalog ?? 'null') as Omit<Catalog, 'types' | 'sequences'> & {
    readonly types: readonly TypeRow[]
    readonly sequences: readonly SequenceRow[]
  }
  const types = read.types.map(({ detail, ...type }) => ({ ...type, ...detail }) as CatalogType)
  const sequences = await readPositions(tx, version, read.sequences)
  return { ...read, types, sequences }
}

async function readVersion(tx: TransactionSql): Promise<number> {
  const [server] = await tx.unsafe<{ version: string }[]>(
    `select pg_catalog.current_setting('server_version_num') as version`,
  )
  const version = Number(server?.version)
  if (version >= oldestRelease) return version
  throw new FerryError({
    code: 'source_release_unsupported',
    message: 'The source server is older than PostgreSQL 9.6.',
    hint: 'Upgrade it, or restore a dump of it into a newer server and migrate from there.',
    status: 422,
    path: 'source.secret',
    context: { server_version: Number.isNaN(version) ? null : version },
  })
}

async function readPositions(
  tx: TransactionSql,
  version: number,
  rows: readonly SequenceRow[],
): Promise<CatalogSequence[]> {
  const readable = rows.filter((row) => row.readable)
  const positions = new Map<string, object>()
  for (let at = 0; at < readable.length; at += sequencesAtOnce) {
    const some = readable.slice(at, at + sequencesAtOnce)
    const [row] = await tx.unsafe<{ positions: string }[]>(sequencePositionsQuery(version, some))
    const states = JSON.parse(row?.positions ?? '[]') as readonly object[]
    some.forEach(({ oid }, place) => {
      const state = states[place]
      if (state !== undefined) positions.set(oid, state)
    })
  }
  // Settings that nobody may read are those that every sequence began with before release 10.
  const usual = {
    type: 'bigint',
    start: '1',
    increment: '1',
    minimum: '1',
    maximum: '9223372036854775807',
    cache: '1',
    cycle: false,
  }
  return rows.map(({ readable: _readable, ...row }) => {
    const state = positions.get(row.oid) as Partial<CatalogSequence> &
      Partial<NonNullable<CatalogSequence['position']>>
    const { last_value, is_called, ...settings } = state ?? {}
    const position =
      last_value === undefined || is_called === undefined ? null : { last_value, is_called }
    return { ...usual, ...row, ...settings, position }
  })
}
