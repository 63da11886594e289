/** Reads the catalog of a legacy database from this machine. */

import { openSource } from '../../shared/source/connect.ts'
import { parseAddress } from '../../shared/wire/address.ts'
import { badInput } from './refusal.ts'

type Catalog = Awaited<ReturnType<ReturnType<typeof openSource>['catalog']>>

/**
 * @param schemas null for all
 * @throws FerryError `source_missing`, or what `openSource` and its reads raise
 */
export async function readSource(
  address: string | undefined,
  schemas: readonly string[] | null,
): Promise<{ catalog: Catalog; database: string }> {
  if (!address) {
    throw badInput(
      'source_missing',
      'No legacy database to look at.',
      'Give --source or set LEGACY_DATABASE_URL: postgres://user:password@host:5432/database.',
    )
  }
  const source = openSource(address)
  try {
    return { catalog: await source.catalog(schemas), database: parseAddress(address).database }
  } finally {
    await source.close()
  }
}
