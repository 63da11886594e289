/** Finds the address that a plan names. Plans hold names only, so that they can be shown and stored. */
import type { Sql } from 'postgres'
import { FerryError } from '../../../shared/platform/errors.ts'
import type { Platform } from '../../../shared/platform/platform.ts'

/** Environment names are the first place; Vault allows any text, a plan allows this much of it. */
const NAME = /^[A-Za-z_][\w.-]{0,127}$/

/**
 * The secret called `name`: a function secret, else the Vault secret of that name.
 * @throws FerryError `secret_unknown` 400 at `source.secret`
 */
export async function resolveSecret(
  name: string,
  platform: Platform,
  target: Sql,
): Promise<string> {
  // SUPABASE_* is the platform's own environment: no plan may read the project's keys through it.
  if (!NAME.test(name) || /^SUPABASE_/i.test(name)) throw unknown(name)
  const secret = platform.env(name) ?? (await fromVault(name, target))
  if (!secret) throw unknown(name)
  return secret
}

/** Vault is an extension that a project may not have enabled. */
async function fromVault(name: string, target: Sql): Promise<string | undefined> {
  const [vault] = await target<{ present: boolean }[]>`
    select to_regclass('vault.decrypted_secrets') is not null as present`
  if (!vault?.present) return undefined
  const [row] = await target<{ secret: string | null }[]>`
    select decrypted_secret as secret from vault.decrypted_secrets where name = ${name}`
  return row?.secret ?? undefined
}

function unknown(name: string): FerryError {
  const shown = NAME.test(name) ? ` "${name}"` : ''
  return new FerryError({
    code: 'secret_unknown',
    message: `No function secret and no Vault secret is called${shown || ' that'}.`,
    hint: 'Set it with "supabase secrets set NAME=postgres://…" or "select vault.create_secret(address, name)"; names that begin with SUPABASE_ are reserved.',
    status: 400,
    kind: 'data_validation',
    path: 'source.secret',
  })
}
