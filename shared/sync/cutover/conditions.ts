/** What the source has to say to a cut-over before anything is frozen. */
import { quoteLiteral } from '../../projection/quote.ts'
import type { Source } from '../../source/source.ts'
import { type Look, lookForWriters } from './stillness.ts'

export interface Refusal {
  readonly code: string
  readonly message: string
}

/** Counts and names for the report; a refusal stops the cut-over. */
export interface Conditions {
  readonly writers: number
  readonly prepared_transactions: number
  readonly role_sessions?: number
  readonly refusal?: Refusal
}

interface RoleFacts {
  readonly exists: boolean
  readonly reads: boolean
  readonly may_alter: boolean
  readonly may_terminate: boolean
  readonly is_standby: boolean
  readonly sessions: number
}

/** @param role that is to be made read-only; undefined where the operator freezes, or nothing is frozen */
export async function readConditions(
  source: Source,
  role: string | undefined,
  isRehearsal: boolean,
): Promise<Conditions> {
  const look = await lookForWriters(source)
  const told = { writers: look.writers, prepared_transactions: look.prepared }
  const facts = role === undefined ? undefined : await readRole(source, role)
  const refusal =
    (isRehearsal ? undefined : refusalOfLook(look)) ??
    (facts === undefined ? undefined : refusalOfRole(role!, facts))
  return {
    ...told,
    ...(facts === undefined ? {} : { role_sessions: facts.sessions }),
    ...(refusal === undefined ? {} : { refusal }),
  }
}

function refusalOfLook({ prepared }: Look): Refusal | undefined {
  if (prepared === 0) return undefined
  return {
    code: 'source_prepared_transactions',
    message: `${prepared} prepared transactions at the source are neither committed nor rolled back: end them first.`,
  }
}

async function readRole(source: Source, role: string): Promise<RoleFacts> {
  const [row] = await source.query(roleStatement(role))
  return row as unknown as RoleFacts
}

/** Who may alter a role has become more particular with release 16. */
function roleStatement(role: string): string {
  const name = quoteLiteral(role)
  return `
select r.oid is not null as exists, coalesce(r.rolname = me.rolname, false) as reads,
  pg_catalog.pg_is_in_recovery() as is_standby,
  me.rolsuper or coalesce(me.rolcreaterole and not r.rolsuper and (
    pg_catalog.current_setting('server_version_num')::int < 160000
    or pg_catalog.pg_has_role(me.oid, r.oid, 'MEMBER WITH ADMIN OPTION')), false) as may_alter,
  me.rolsuper or coalesce(not r.rolsuper and (pg_catalog.pg_has_role(me.oid, r.oid, 'USAGE')
    or pg_catalog.pg_has_role(me.oid, 'pg_signal_backend', 'USAGE')), false) as may_terminate,
  (select count(*)::int from pg_catalog.pg_stat_activity a
    where a.usename = ${name} and a.datname = pg_catalog.current_database()) as sessions
from pg_catalog.pg_roles me left join pg_catalog.pg_roles r on r.rolname = ${name}
where me.rolname = current_user`
}

function refusalOfRole(role: string, facts: RoleFacts): Refusal | undefined {
  if (!facts.exists) {
    return {
      code: 'cutover_role_unknown',
      message: `The source has no role ${role}, which the plan wants to be made read-only.`,
    }
  }
  if (facts.reads) {
    return {
      code: 'cutover_role_reads',
      message: `${role} is the role that reads the source for this migration: its sessions would be ended.`,
    }
  }
  if (facts.is_standby) {
    return {
      code: 'source_is_standby',
      message:
        'The source is a standby, where no role can be made read-only: freeze its primary yourself.',
    }
  }
  if (facts.may_alter && facts.may_terminate) return undefined
  return {
    code: 'cutover_role_not_permitted',
    message: `The role of this migration may not ${facts.may_alter ? 'end the sessions of' : 'alter'} ${role} at the source: grant it, or freeze the source yourself.`,
  }
}
