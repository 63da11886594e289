/** Reads the catalog of a source in two statements: its release, then everything else as one JSON. */
import type { TransactionSql } from 'postgres'
import { FerryError } from '../platform/errors.ts'
import { catalogQuery } from './catalog-query.ts'
import type { Catalog, CatalogType } from './catalog-rows.ts'

const oldestRelease = 90600

/** A type as the query gives it: what depends on the kind lies in `detail`. */
type TypeRow = { readonly detail: object } & Pick<
  CatalogType,
  'oid' | 'schema' | 'name' | 'qualified' | 'extension'
>

/**
 * @param schemas the schemas whose tables are listed; null lists those of all but system schemas
 * @throws FerryError `source_release_unsupported` before release 9.6
 */
export async function readCatalog(
  tx: TransactionSql,
  schemas: readonly string[] | null,
): Promise<Catalog> {
  const [server] = await tx.unsafe<{ version: string }[]>(
    `select pg_catalog.current_setting('server_version_num') as version`,
  )
  const version = Number(server?.version)
  if (!(version >= oldestRelease)) {
    throw new FerryError({
      code: 'source_release_unsupported',
      message: 'The source server is older than PostgreSQL 9.6.',
      hint: 'Upgrade it, or restore a dump of it into a newer server and migrate from there.',
      status: 422,
      path: 'source.secret',
      context: { server_version: Number.isNaN(version) ? null : version },
    })
  }
  const [row] = await tx.unsafe<{ catalog: string }[]>(catalogQuery(version, schemas))
  // The shape is that of the query above, which nothing else writes.
  const read = JSON.parse(row?.catalog ?? 'null') as Omit<Catalog, 'types'> & {
    readonly types: readonly TypeRow[]
  }
  const types = read.types.map(({ detail, ...type }) => ({ ...type, ...detail }) as CatalogType)
  return { ...read, types }
}
