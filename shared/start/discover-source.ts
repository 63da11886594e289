/** A draft plan for a source that is known by its address alone. */
import { type Discovery, discoverPlan, planName, systemName } from '../plan/discover.ts'
import { onSide } from '../platform/side.ts'
import { classify } from '../platform/sqlstate.ts'
import type { Source } from '../source/source.ts'
import { parseAddress } from '../wire/address.ts'

export interface DiscoverSourceOptions {
  /** Name of the secret with the address, for the plan. */
  readonly secret: string
  /** All of them where it is left out. */
  readonly schemas?: readonly string[] | undefined
  /** Of the plan; the database's where it is left out. */
  readonly name?: string | undefined
  readonly ids?: 'preserve' | 'uuid' | undefined
  /** With a proposal of how the tables are kept in step. */
  readonly sync?: boolean | undefined
}

/** @throws FerryError `address_invalid`; `source_*` as a failure is classified */
export async function discoverSource(
  open: (address: string) => Source,
  address: string,
  { secret, schemas, name, ids, sync = false }: DiscoverSourceOptions,
): Promise<Discovery> {
  const { database } = parseAddress(address)
  const source = open(address)
  try {
    const catalog = await source.catalog(schemas ?? null)
    return discoverPlan(catalog, {
      name: planName(name ?? database),
      secret,
      sync,
      ...(ids === 'uuid' ? { ids, system: systemName(database) } : {}),
    })
  } catch (error) {
    throw onSide('source', classify(error))
  } finally {
    await source.close()
  }
}
