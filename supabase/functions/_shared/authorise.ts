/** Whether the caller may. A refusal of a known caller is recorded; strangers leave no trace to flood. */
import { FerryError } from '../../../shared/platform/errors.ts'
import type { Platform } from '../../../shared/platform/platform.ts'
import { authenticate, type Caller, type Role } from './authenticate.ts'

export interface RefusalEntry {
  readonly actor: string
  readonly action: string
  readonly outcome: 'refused'
  readonly details: Readonly<Record<string, string>>
}

export interface Demand {
  /** What is asked for, as the audit log names it: the function. */
  readonly action: string
  /** Any one of these is enough. */
  readonly roles: readonly [Role, ...Role[]]
  /** Writes a refusal to the audit log. */
  audit(entry: RefusalEntry): Promise<unknown>
}

/**
 * Authenticates and authorises.
 * @throws FerryError 401 as `authenticate`; `forbidden` 403 for a known caller without the role
 */
export async function authorise(
  request: Request,
  platform: Platform,
  demand: Demand,
): Promise<Caller> {
  const caller = await authenticate(request, platform)
  if (demand.roles.some((role) => caller.roles.has(role))) return caller
  const needed = demand.roles.join(' or ')
  await demand.audit({
    actor: caller.actor,
    action: demand.action,
    outcome: 'refused',
    details: { needed },
  })
  throw new FerryError({
    code: 'forbidden',
    message: `This needs the role ${needed}.`,
    hint: 'Use a secret key, or have the role added to app_metadata.roles of the user.',
    status: 403,
  })
}
