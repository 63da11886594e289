/** Says on which of the two servers a failure happened. */
import { FerryError } from './errors.ts'

/** The same failure with `source_` or `target_` in place of `database_` in its code, and in its text. */
export function onSide(side: 'source' | 'target', error: FerryError): FerryError {
  if (!error.code.startsWith('database_')) return error
  const { message, hint, status, kind, context, path } = error
  return new FerryError({
    code: error.code.replace('database_', `${side}_`),
    message: message.replace('The database', `The ${side} database`),
    hint,
    status,
    kind,
    context,
    ...(path === undefined ? {} : { path }),
  })
}
