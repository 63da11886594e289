/** A draft plan for a source that was never seen before, with what its owner should look at. */
import type { Catalog } from '../source/catalog-rows.ts'
import { checkPlan } from './check.ts'
import { estimateRows } from './estimate.ts'
import type { Note } from './problem.ts'
import { type Plan, planSchema } from './schema.ts'
import { nameOf } from './selection.ts'

export interface DiscoverOptions {
  readonly name: string
  /** Name of the secret with the address. */
  readonly secret: string
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
  const exclude = own.filter(({ name }) => bookkeeping.includes(name)).map(nameOf)
  const plan = planSchema.parse({
    version: 1,
    name: options.name,
    source: { secret: options.secret, schemas: schemas.length === 0 ? ['public'] : schemas },
    entities: '*',
    ...(exclude.length === 0 ? {} : { exclude }),
  })
  const { problems, notes } = checkPlan(plan, catalog)
  const left = exclude.map((name, at) => ({
    code: 'bookkeeping_excluded',
    message: `${name} looks like bookkeeping of a framework and is left out.`,
    hint: 'Remove the pattern to move it all the same.',
    path: `exclude[${at}]`,
  }))
  const tables = own.map((table) => ({
    name: nameOf(table),
    rows: estimateRows(table),
    bytes: table.statistics.bytes,
    columns: table.columns.length,
    has_key: table.keys.length > 0,
  }))
  return { plan, notes: [...problems, ...notes, ...left], tables }
}
