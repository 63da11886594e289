/** The isolate's one pool of connections to the project's own database. */
import { FerryError } from '../../../shared/platform/errors.ts'
import { openTarget } from '../../../shared/target/connect.ts'
import { control } from '../../../shared/target/control.ts'
import { platform } from './platform.ts'

export const sql = openTarget(targetAddress())

/** The control plane over that pool. */
export const migrations = control(sql)

/** @throws FerryError `target_unconfigured` */
export function targetAddress(): string {
  const found = platform.env('SUPABASE_DB_URL')
  if (found !== undefined) return found
  throw new FerryError({
    code: 'target_unconfigured',
    message: 'SUPABASE_DB_URL is not set.',
    hint: 'The platform sets it; check the environment of the functions.',
  })
}
