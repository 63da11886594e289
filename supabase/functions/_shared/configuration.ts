/** How a migration runs: what the plan says of it, and what is the same for every one. */
import type { Plan } from '../../../shared/plan/schema.ts'
import type { Platform } from '../../../shared/platform/platform.ts'

/** The least lease that the protocol recommends; what a crashed function costs in time. */
const LEASE_SECONDS = 15
/** With its back-off, a source may be away for about a minute before the migration fails. */
const MAX_RETRIES = 6

/** The `configuration` of `migration.start()`. */
export function configurationOf(
  plan: Plan,
  platform: Pick<Platform, 'env'>,
): Record<string, string | number> {
  return {
    functions_url: platform.env('SUPABASE_URL') ?? '',
    dispatch_mode: 'pg_net',
    lanes: plan.settings.lanes,
    batch_rows: plan.settings.batch_rows,
    source_secret: plan.source.secret,
    lease_seconds: LEASE_SECONDS,
    max_retries: MAX_RETRIES,
  }
}
