/** Which migration an operator means. */
import type { Client } from './client.ts'
import { badInput } from './refusal.ts'

const WHOLE = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/**
 * The id that `text` names: a whole id, a prefix that only one migration has, or nothing for the
 * newest migration.
 * @throws FerryError `migration_id_malformed`, `migration_unknown`, `migration_ambiguous`, `migration_none`
 */
export async function identify(
  client: Pick<Client, 'list'>,
  text: string | undefined,
): Promise<string> {
  if (text !== undefined && WHOLE.test(text)) return text.toLowerCase()
  if (text !== undefined && !/^[0-9a-f][0-9a-f-]*$/i.test(text)) {
    throw badInput(
      'migration_id_malformed',
      'This is not the id of a migration, nor the beginning of one.',
      'Ids are hexadecimal; "ferry status --all" lists them.',
    )
  }
  const migrations = await client.list()
  if (text === undefined) return newest(migrations)
  const found = migrations.filter(({ migration_id }) => migration_id.startsWith(text.toLowerCase()))
  const [only] = found
  if (only !== undefined && found.length === 1) return only.migration_id
  if (only === undefined) {
    throw badInput(
      'migration_unknown',
      `No migration has an id that begins with ${text}.`,
      '"ferry status --all" lists them.',
    )
  }
  throw badInput(
    'migration_ambiguous',
    `${found.length} migrations have an id that begins with ${text}.`,
    'Give more of the id; "ferry status --all" lists them.',
  )
}

function newest(migrations: readonly { migration_id: string; created_at: string }[]): string {
  const [first] = migrations.toSorted((a, b) => Date.parse(b.created_at) - Date.parse(a.created_at))
  if (first !== undefined) return first.migration_id
  throw badInput(
    'migration_none',
    'This project has no migration yet.',
    'Start one: "ferry start PLAN".',
  )
}
