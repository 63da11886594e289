/** Finds the address that a plan names. Plans hold names only, so that they can be shown and stored. */
import { FerryError } from '../../../shared/platform/errors.ts'
import type { Platform } from '../../../shared/platform/platform.ts'

/** Environment names are the first place; Vault allows any text, a plan allows this much of it. */
const NAME = /^[A-Za-z_][\w.-]{0,127}$/

/** Where secrets are that are not in the function's environment: the control client. */
export interface Vault {
  vaultSecret(name: string): Promise<string | undefined>
}

/**
 * The secret called `name`: a function secret, else the Vault secret of that name.
 * @throws FerryError `secret_unknown` 400 at `source.secret`
 */
export async function resolveSecret(
  name: string,
  platform: Platform,
  vault: Vault,
): Promise<string> {
  // SUPABASE_* is the platform's own environment: no plan may read the project's keys through it.
  if (!NAME.test(name) || /^SUPABASE_/i.test(name)) throw unknown(name)
  const secret = platform.env(name) ?? (await vault.vaultSecret(name))
  if (!secret) throw unknown(name)
  return secret
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
