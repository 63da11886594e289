/** The two commands that bring Supaferry into a project, run as an operator would run them. */
import { type CommandResult, run } from '../check/command.ts'

/**
 * `supabase db push` against a database.
 *
 * @param databaseUrl address as the role `postgres`
 */
export function pushMigrations(databaseUrl: string): Promise<CommandResult> {
  return run('supabase', ['db', 'push', '--yes', `--remote=${databaseUrl}`])
}

export interface Platform {
  readonly projectRef: string
  readonly accessToken: string
  /** File for the CLI's `--profile`: which Management API to talk to. */
  readonly profile: string
}

/** `supabase functions deploy --use-api` of every function. */
export function deployFunctions(platform: Platform): Promise<CommandResult> {
  return run(
    'supabase',
    [
      `--profile=${platform.profile}`,
      'functions',
      'deploy',
      '--use-api',
      '--yes',
      `--remote=${platform.projectRef}`,
    ],
    { env: { SUPABASE_ACCESS_TOKEN: platform.accessToken } },
  )
}
