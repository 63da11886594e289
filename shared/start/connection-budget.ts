/**
 * How many lanes a migration may have: it never takes the last connections of either server. What others
 * need of them is theirs, so that a migration takes half of what is free at most; one lane where half
 * is too few for one.
 */
import type { Sql } from 'postgres'
import type { Note } from '../plan/problem.ts'
import { FerryError } from '../platform/errors.ts'
import { onSide } from '../platform/side.ts'
import {
  type Bound,
  type Limit,
  type Offer,
  offerOfSource,
  offerOfTarget,
} from './connection-offer.ts'

export interface Demand {
  /** Lanes that are asked for. */
  readonly lanes: number
  /** Connections at the target that are taken besides the lanes, by what runs the migration. */
  readonly besides: number
}

export interface Budget {
  /** One or more, not more than were asked for. */
  readonly lanes: number
  /** What reduced them; none where nothing did. */
  readonly notes: readonly Note[]
}

/**
 * What a project takes at its own database besides the lanes: the sweep and two jobs for steps, each a
 * session of `pg_cron` while it runs, and the pool of an isolate that answers `status` or `control`.
 */
export const PROJECT_CONNECTIONS = 1 + 2 + 2

/**
 * Connections of one lane. At the source: its own, for one range after the other. At the target: its
 * own, and for a moment another, because a failure is reported on a fresh connection while the server
 * may not know yet that the lane's is gone, and a call that is one too many connects to find that out.
 * Counted on undisturbed runs with 1 to 8 lanes: never more than one on either side.
 */
const LANE = { source: 1, target: 2 } as const

type Side = keyof typeof LANE

/** What holds the lanes down on one side, and to how many. */
interface Squeeze {
  readonly side: Side
  readonly bound: Bound
  /** 0 where not even one lane fits. */
  readonly lanes: number
  /** Connections that one lane needs there. */
  readonly least: number
}

/**
 * Asks both servers. Writes nothing.
 * @throws FerryError as `laneBudget`; as `offerOfSource` and `offerOfTarget`
 */
export async function connectionBudget(
  source: string,
  target: Sql,
  demand: Demand,
): Promise<Budget> {
  return laneBudget(await offerOfSource(source), await offerOfTarget(target), demand)
}

/**
 * The lanes that both offers allow.
 * @throws FerryError `source_too_few_connections`, `target_too_few_connections` 409 where not one fits
 */
export function laneBudget(source: Offer, target: Offer, demand: Demand): Budget {
  const squeezes = [
    ...squeeze('source', source, { ...demand, besides: 0 }),
    ...squeeze('target', target, demand),
  ]
  for (const found of squeezes) if (found.lanes === 0) throw tooFew(found)
  return {
    lanes: Math.min(demand.lanes, ...squeezes.map(({ lanes }) => lanes)),
    notes: squeezes.map((found) => reduced(found, demand.lanes)),
  }
}

/** The tightest bound of a side; none where all the lanes fit. */
function squeeze(side: Side, offer: Offer, demand: Demand): Squeeze[] {
  const least = demand.besides + LANE[side]
  const found = (offer ?? [])
    .map((bound) => ({ side, bound, least, lanes: lanesWithin(bound, LANE[side], demand) }))
    .filter(({ lanes }) => lanes < demand.lanes)
    .sort((a, b) => a.lanes - b.lanes || a.bound.free - b.bound.free)
  return found.slice(0, 1)
}

function lanesWithin({ limit, free }: Bound, each: number, { lanes, besides }: Demand): number {
  // A limit of the role's own may be used up; the last connection of a server or database is others'.
  const kept = limit === 'role' ? 0 : 1
  if (free - kept < besides + each) return 0
  const half = Math.floor((Math.floor(free / 2) - besides) / each)
  return Math.max(1, Math.min(lanes, half))
}

const remedies: Readonly<Record<Limit, string>> = {
  server: 'End sessions there that are idle, or raise max_connections.',
  role: 'End other sessions of the role, or raise its limit: alter role … connection limit ….',
  database:
    'End sessions there that are idle, or raise the limit: alter database … connection limit ….',
  any: 'End sessions there that are idle, or raise max_connections or the connection limit of the role.',
}

function reduced({ side, bound: { limit, free }, lanes }: Squeeze, asked: number): Note {
  return {
    code: 'lanes_reduced',
    message: `The ${side} has ${connections(free)} left for this role, of which a migration takes half: ${lanes} of ${asked} lanes there.`,
    hint: `${remedies[limit]} Then start again, or go on with fewer lanes.`,
    path: 'settings.lanes',
  }
}

function tooFew({ side, bound: { limit, free }, least }: Squeeze): FerryError {
  return onSide(
    side,
    new FerryError({
      code: 'database_too_few_connections',
      message: `The database has ${connections(free)} left for this role; one lane needs ${least}, and the last of a server stays free.`,
      hint: remedies[limit],
      status: 409,
      kind: 'connection_error',
      ...(side === 'source' ? { path: 'source.secret' } : {}),
      context: { limit, connections_free: free, connections_needed: least },
    }),
  )
}

function connections(count: number): string {
  return `${count} ${count === 1 ? 'connection' : 'connections'}`
}
