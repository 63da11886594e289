/** A draft plan for a source that was never seen before, with what its owner should look at. */
import type { Catalog, CatalogTable } from '../source/catalog-rows.ts'
import { checkPlan } from './check.ts'
import { uuidNotes } from './discover-ids.ts'
import { estimateRows } from './estimate.ts'
import type { Note } from './problem.ts'
import { type Plan, planSchema } from './schema.ts'
import { nameOf } from './selection.ts'
import { proposalNotes, proposeSync } from './sync/propose.ts'

export interface DiscoverOptions {
  readonly name: string
  /** Name of the secret with the address. */
  readonly secret: string
  /** uuid: tables with a whole number as their key get UUIDs. */
  readonly ids?: 'uuid'
  /** Guess of the source system's name; UUIDs are named within it. */
  readonly system?: string
  /** How the tables are kept in step after the copy is proposed, too. */
  readonly sync?: boolean
}

export interface Discovery {
  readonly plan: Plan
  readonly notes: readonly Note[]
  readonly tables: readonly {
    readonly name: string
    readonly rows: number
    readonly bytes: number
    readonly columns: number
    readonly has_key: boolean
  }[]
}

/** Bookkeeping of frameworks: true at the source, without meaning in the target. */
const bookkeeping = [
  'django_migrations',
  'django_session',
  'schema_migrations',
  'ar_internal_metadata',
  'alembic_version',
  'flyway_schema_history',
  'databasechangelog',
  'databasechangeloglock',
  'knex_migrations',
  'knex_migrations_lock',
  '_prisma_migrations',
]

/** @param catalog read with `schemas: null`, so that every schema with a table is offered */
export function discoverPlan(catalog: Catalog, options: DiscoverOptions): Discovery {
  const own = catalog.tables.filter((table) => table.extension === null)
  const schemas = [...new Set(own.map((table) => table.schema))].sort()
  const isLeft = ({ name }: CatalogTable) => bookkeeping.includes(name)
  const exclude = own.filter(isLeft).map(nameOf)
  const kept = own.filter((table) => !isLeft(table))
  const { name, secret, ids, system = 'legacy' } = options
  const isAsked = options.sync === true && kept.length > 0
  const proposed = isAsked ? proposeAll(kept, catalog) : undefined
  const plan = planSchema.parse({
    version: 1,
    name,
    source: {
      secret,
      schemas: schemas.length === 0 ? ['public'] : schemas,
      ...(ids === undefined ? {} : { system }),
    },
    ...(ids === undefined ? {} : { ids }),
    ...(proposed?.part ?? { entities: '*', ...(exclude.length === 0 ? {} : { exclude }) }),
  })
  const { problems, notes } = checkPlan(plan, catalog)
  const left = exclude.map((pattern, at) => ({
    code: 'bookkeeping_excluded',
    message: `${pattern} looks like bookkeeping of a framework and is left out.`,
    hint: `${proposed === undefined ? 'Remove the pattern' : 'Add it to the list'} to move it all the same.`,
    path: proposed === undefined ? `exclude[${at}]` : 'entities',
  }))
  const guessed = [
    ...(ids === undefined ? [] : uuidNotes(kept, catalog, system)),
    ...(proposed?.notes ?? []),
  ]
  const tables = own.map((table) => ({
    name: nameOf(table),
    rows: estimateRows(table),
    bytes: table.statistics.bytes,
    columns: table.columns.length,
    has_key: table.keys.length > 0,
  }))
  return { plan, notes: [...guessed, ...problems, ...notes, ...left], tables }
}

/** Tables are listed one by one: each has a word of its own about how it is kept in step. */
function proposeAll(tables: readonly CatalogTable[], catalog: Catalog) {
  const proposals = tables.map((table, at) => proposeSync(table, catalog, ['entities', at]))
  const entities = tables.map((table, at) => {
    const { sync } = proposals[at]!
    return sync === undefined ? nameOf(table) : { source: nameOf(table), sync }
  })
  return {
    part: { entities, sync: {} },
    notes: [...proposalNotes(proposals), ...proposals.flatMap(({ notes }) => notes)],
  }
}

/** Plans are named with letters, digits and a few signs; databases with anything. */
export function planName(text: string): string {
  const allowed = text.replace(/[^A-Za-z0-9 ._-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '')
  return allowed.slice(0, 100) || 'legacy'
}

/** The same for source systems. */
export function systemName(text: string): string {
  const allowed = text
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '')
  return allowed.slice(0, 63) || 'legacy'
}
