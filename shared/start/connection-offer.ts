/**
 * How many connections a server still has for a role. Up to the moment only: others come and go, which
 * is why a migration never asks for all of them.
 */
import type { Sql } from 'postgres'
import { onSide } from '../platform/side.ts'
import { classify } from '../platform/sqlstate.ts'
import { lookAtSource } from '../source/look.ts'

/** What sets the bound; `any` where the server was full, because it does not say by which. */
export type Limit = 'server' | 'role' | 'database' | 'any'

export interface Bound {
  readonly limit: Limit
  /** Connections that it still lets through, besides the one that asked. */
  readonly free: number
}

/** Every bound that applies; undefined where the server could not be asked. */
export type Offer = readonly Bound[] | undefined

/** Null where the limit does not apply to the role. */
interface OfferRow {
  readonly server: number
  readonly role: number | null
  readonly database: number | null
}

/**
 * Connections that a server keeps for superusers and the like are theirs, even where this role is one of
 * them. The limits of role and database do not bind superusers.
 *
 * Workers of the server have a budget of their own. A role sees of which kind a session is for its own
 * sessions only, so that other roles' workers count as connections: a few too many rather than too few.
 * Release 9.6 has no column backend_type: there the name finds the null of the cross join.
 */
const OFFER = `
  with sessions as (
    select a.usesysid as role, a.datid as database
      from pg_catalog.pg_stat_activity a
     cross join (select null::text as backend_type) absent
     where a.pid <> pg_catalog.pg_backend_pid() and a.usesysid is not null and a.datid is not null
       and coalesce((select backend_type from (select a.*) present), 'client backend') = 'client backend')
  select pg_catalog.current_setting('max_connections')::integer
           - pg_catalog.current_setting('superuser_reserved_connections')::integer
           - coalesce(pg_catalog.current_setting('reserved_connections', true), '0')::integer
           - (select count(*) from sessions)::integer as server,
         case when r.rolconnlimit >= 0 and not r.rolsuper then
           r.rolconnlimit - (select count(*) from sessions s where s.role = r.oid)::integer end as role,
         case when d.datconnlimit >= 0 and not r.rolsuper then
           d.datconnlimit - (select count(*) from sessions s where s.database = d.oid)::integer end as database
    from pg_catalog.pg_roles r cross join pg_catalog.pg_database d
   where r.rolname = session_user and d.datname = pg_catalog.current_database()`

/** @throws FerryError `source_*` or an address's own where the source cannot be reached */
export function offerOfSource(address: string): Promise<Offer> {
  return offerOf('source', () => lookAtSource<OfferRow>(address, OFFER))
}

/** @throws FerryError `target_*` where the target cannot be reached */
export function offerOfTarget(sql: Sql): Promise<Offer> {
  return offerOf('target', async () => (await sql.unsafe<OfferRow[]>(OFFER))[0])
}

const TOO_MANY_CONNECTIONS = '53300'

/** A server that answers, but not this question (a pooler, another make), sets no bound. */
async function offerOf(
  side: 'source' | 'target',
  look: () => Promise<OfferRow | undefined>,
): Promise<Offer> {
  try {
    const row = await look()
    return row && boundsOf(row)
  } catch (error) {
    const failure = onSide(side, classify(error))
    if (failure.context.sqlstate === TOO_MANY_CONNECTIONS) return [{ limit: 'any', free: 0 }]
    if (failure.kind === 'connection_error') throw failure
    return undefined
  }
}

function boundsOf(row: OfferRow): Bound[] {
  return (['server', 'role', 'database'] as const).flatMap((limit) => {
    const free = row[limit]
    return free === null ? [] : [{ limit, free: Math.max(0, free) }]
  })
}
