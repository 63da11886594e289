/** Two databases of which one was copied from the other, and the check of rows between them. */
import { onTestFinished } from 'vitest'
import { compilePlan } from '../../../shared/plan/compile.ts'
import { parsePlan } from '../../../shared/plan/schema.ts'
import type { CompiledEntity, KeyRange } from '../../../shared/projection/entity.ts'
import { openSource } from '../../../shared/source/connect.ts'
import { openTarget } from '../../../shared/target/connect.ts'
import type { CheckResult, Finding } from '../../../shared/verification/outcome.ts'
import { verificationBounds } from '../../../shared/verification/rows/bounds.ts'
import type { Strategy, VerificationMode } from '../../../shared/verification/rows/comparison.ts'
import { verifyRows } from '../../../shared/verification/rows/verify-rows.ts'
import { type Side, sourceSide, targetSide } from '../../../shared/verification/side.ts'
import { attachServers } from '../../support/project.ts'
import { type Scratch, scratchDatabase } from '../../support/scratch.ts'
import { copyAll } from '../source/whole-copy.ts'

export interface RowsOptions {
  readonly mode?: VerificationMode
  readonly rowLimit?: number
  /** What the control plane takes for the number of rows. */
  readonly rows?: number
  readonly seed?: string
  readonly sampleRows?: number
  /** Between the bounds of a batch and its comparison. */
  readonly meanwhile?: () => Promise<unknown>
  /** What happens in the time in which differences may settle. */
  readonly pause?: (milliseconds: number) => Promise<unknown>
}

export interface Verified {
  readonly strategy: Strategy
  readonly ranges: readonly KeyRange[]
  readonly findings: readonly Finding[]
  /** Of all batches, by check. */
  readonly results: Readonly<Record<string, Totals>>
  readonly statuses: readonly CheckResult['status'][]
}

type Totals = Pick<CheckResult, 'validated' | 'issues' | 'source_rows' | 'target_rows'>

export interface RowsPair {
  readonly source: Scratch
  readonly target: Scratch
  /** By `table` in `public`, or `schema.table`. */
  readonly entities: ReadonlyMap<string, CompiledEntity>
  verify(table: string, options?: RowsOptions): Promise<Verified>
  drop(): Promise<void>
}

/**
 * Fills a source and copies it.
 * @param server of the source; the run's legacy server by default
 */
export async function rowsPair(
  load: (address: string) => Promise<unknown>,
  plan: object = {},
  server: string = attachServers().source.url('postgres'),
): Promise<RowsPair> {
  const source = await scratchDatabase(server)
  try {
    await load(source.url)
    return await copiedPair(source, plan)
  } catch (error) {
    await source.drop()
    throw error
  }
}

/** Copies a source through the product's own statements, and makes the copy comparable. */
export async function copiedPair(source: Scratch, plan: object = {}): Promise<RowsPair> {
  const server = attachServers().target
  const target = await scratchDatabase(server.url('postgres', server.superuser))
  try {
    await copyAll({ source: source.url, target: target.url, plan, rows: 100_000 })
    const entities = await entitiesOf(source.url, plan)
    const reader = openSource(plain(source.url))
    const writer = openTarget(plain(target.url))
    const sides = { source: sourceSide(reader), target: targetSide(writer) }
    return {
      source,
      target,
      entities,
      verify: (table, options = {}) => verifyEntity(sides, entities.get(table)!, options),
      async drop() {
        await Promise.all([reader.close(), writer.end()])
        await Promise.all([source.drop(), target.drop()])
      },
    }
  } catch (error) {
    await target.drop()
    throw error
  }
}

/** The same, filled by statements, for one test. */
export async function statementPair(statements: string, plan: object = {}): Promise<RowsPair> {
  const pair = await rowsPair(fill(statements), plan)
  onTestFinished(() => pair.drop())
  return pair
}

/** A `load` of statements. */
export function fill(statements: string): (address: string) => Promise<void> {
  return async (address) => {
    const sql = openTarget(plain(address))
    await sql.unsafe(statements).simple()
    await sql.end()
  }
}

async function entitiesOf(address: string, more: object): Promise<Map<string, CompiledEntity>> {
  const json = { version: 1, name: 'test', source: { secret: 'LEGACY' }, entities: '*', ...more }
  const { plan } = parsePlan(json)
  if (plan === undefined) throw new Error('The plan of the test is wrong.')
  const source = openSource(plain(address))
  try {
    const { entities } = compilePlan(plan, await source.catalog(plan.source.schemas))
    return new Map(
      entities.map(({ definition }) => {
        const { schema, table } = definition.source
        return [schema === 'public' ? table : `${schema}.${table}`, definition]
      }),
    )
  } finally {
    await source.close()
  }
}

/** All batches of an entity, one after the other, as the control plane would have them worked off. */
export async function verifyEntity(
  sides: { readonly source: Side; readonly target: Side },
  entity: CompiledEntity,
  options: RowsOptions = {},
): Promise<Verified> {
  const { mode = 'full', rowLimit = 100_000, rows = 20_000, seed = '1', sampleRows = 20 } = options
  const findings: Finding[] = []
  const ranges: KeyRange[] = []
  const all: CheckResult[] = []
  let after: KeyRange['after'] = null
  for (;;) {
    const range = { after, through: null }
    const batch = await verificationBounds({ ...sides, entity, mode, range, rowLimit, rows })
    await options.meanwhile?.()
    const outcome = await verifyRows(batch, {
      seed,
      sampleRows,
      now: () => performance.now(),
      pause: async (milliseconds) => {
        if (options.pause !== undefined) await options.pause(milliseconds)
        else await new Promise((resolve) => setTimeout(resolve, milliseconds))
      },
    })
    findings.push(...outcome.findings)
    all.push(...outcome.results)
    ranges.push(batch.range)
    if (!batch.more) {
      const { strategy } = batch.comparison
      const statuses = all.map(({ status }) => status)
      return { strategy, ranges, findings, results: totals(all), statuses }
    }
    after = batch.range.through
  }
}

function totals(results: readonly CheckResult[]): Record<string, Totals> {
  const sum = (some: readonly CheckResult[], name: keyof Totals) =>
    some.reduce((total, result) => total + (result[name] ?? 0), 0)
  const byCheck = Map.groupBy(results, ({ check }) => check)
  return Object.fromEntries(
    [...byCheck].map(([check, some]) => [
      check,
      {
        validated: sum(some, 'validated'),
        issues: sum(some, 'issues'),
        source_rows: sum(some, 'source_rows'),
        target_rows: sum(some, 'target_rows'),
      },
    ]),
  )
}

/** The servers of the tests speak no TLS. */
function plain(address: string): string {
  const url = new URL(address)
  url.searchParams.set('sslmode', 'disable')
  return url.href
}
