/** A mended plan, held against both sides as a start would do it, in the form in which a replay takes it. */
import type { Problem } from '../plan/problem.ts'
import type { Amendment } from '../target/dead-letters.ts'
import type { Mends } from './mend.ts'
import { type PrepareOptions, prepareMigration } from './prepare.ts'

export type Amended =
  | { readonly amendment: Amendment; readonly problems: readonly [] }
  | { readonly amendment?: never; readonly problems: readonly Problem[] }

/** @throws FerryError as `prepareMigration` */
export async function prepareAmendment(
  options: PrepareOptions & { readonly mends: Mends },
): Promise<Amended> {
  const { prepared, problems } = await prepareMigration(options)
  if (prepared === undefined) return { problems }
  const { plan, fingerprints } = prepared
  const entities = prepared.entities.map(
    ({ entity_name, target_entity, definition, waits_for }) => ({
      entity_name,
      target_entity,
      definition,
      waits_for,
    }),
  )
  return { amendment: { plan, plan_fingerprint: fingerprints.plan, entities }, problems: [] }
}
