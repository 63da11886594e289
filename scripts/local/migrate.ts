/** Applies the project's migrations with the real Supabase CLI. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { FerryError } from '../../shared/platform/errors.ts'
import { packageDirectory, REPOSITORY } from './paths.ts'

const TIMEOUT = 120_000

export interface MigrateOptions {
  /** The folder that holds `supabase/`; this repository by default. */
  readonly workdir?: string
}

/**
 * Runs `supabase migration up` as the role of the address, which is what happens on a hosted project too.
 * Applies what is pending; nothing pending is no error.
 * @param databaseUrl with `?sslmode=disable` for an embedded server
 * @returns what the CLI printed
 * @throws FerryError `migration_failed`
 */
export async function migrateUp(
  databaseUrl: string,
  options: MigrateOptions = {},
): Promise<string> {
  const args = [
    'migration',
    'up',
    '--yes',
    '--include-all',
    `--remote=${databaseUrl}`,
    '--workdir',
    options.workdir ?? REPOSITORY,
  ]
  const command = join(packageDirectory('supabase'), '..', '.bin', 'supabase')
  try {
    const { stdout, stderr } = await promisify(execFile)(command, args, {
      timeout: TIMEOUT,
      maxBuffer: 16 * 2 ** 20,
      env: {
        ...process.env,
        SUPABASE_TELEMETRY_DISABLED: '1',
        SUPABASE_NO_UPDATE_NOTIFIER: '1',
        DO_NOT_TRACK: '1',
      },
    })
    return stdout + stderr
  } catch (cause) {
    throw new FerryError({
      code: 'migration_failed',
      message: 'The migrations could not be applied.',
      hint: 'The cause holds the output of supabase migration up.',
      cause,
    })
  }
}
