/** One statement that pins settings for the rest of the transaction. */
import { quoteLiteral } from './quote.ts'

/** `select set_config(…, true), …`: one round trip for any number of settings. */
export function pinStatement(settings: Readonly<Record<string, string>>): string {
  const calls = Object.entries(settings).map(
    ([name, value]) => `pg_catalog.set_config(${quoteLiteral(name)}, ${quoteLiteral(value)}, true)`,
  )
  return `select ${calls.join(', ')}`
}
