/** Two databases of which one was copied from the other, and the check of rows between them. */
import { onTestFinished } from 'vitest'
import { compilePlan } from '../../../shared/plan/compile.ts'
import { parsePlan } from '../../../shared/plan/schema.ts'
import type { CompiledEntity, KeyRange } from '../../../shared/projection/entity.ts'
import { openSource } from '../../../shared/source/connect.ts'
import { openTarget } from '../../../shared/target/connect.ts'
import { verificationBounds } from '../../../shared/verification/bounds.ts'
import type { Strategy, VerificationMode } from '../../../shared/verification/comparison.ts'
import type { CheckResult, Finding } from '../../../shared/verification/outcome.ts'
import { verifyRows } from '../../../shared/verification/rows.ts'
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
 * Fills a source, copies it through the product's own statements, and makes it comparable.
 * @param server of the source; the run's legacy server by default
 */
export async function rowsPair(
  load: (address: string) => Promise<unknown>,
  plan: object = {},
  server?: string,
): Promise<RowsPair> {
  const servers = attachServers()
  const source = await scratchDatabase(server ?? servers.source.url('postgres'))
  const target = await scratchDatabase(servers.target.url('postgres', servers.target.superuser))
  const reader = openSource(plain(source.url))
  const writer = openTarget(plain(target.url))
  const drop = async () => {
    await Promise.all([reader.close(), writer.end()])
    await Promise.all([source.drop(), target.drop()])
  }
  try {
    await load(source.url)
    await copyAll({ source: source.url, target: target.url, plan, rows: 100_000 })
    const entities = await entitiesOf(source.url, plan)
    const sides = { source: sourceSide(reader), target: targetSide(writer) }
    const verify = (table: string, options: RowsOptions = {}) =>
      verifyEntity(sides, entities.get(table)!, options)
    return { source, target, entities, verify, drop }
  } catch (error) {
    await drop()
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
    const { sql, end } = connection(address)
    await sql.unsafe(statements).simple()
    await end()
  }
}

function connection(address: string) {
  const sql = openTarget(plain(address))
  return { sql, end: () => sql.end() }
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
