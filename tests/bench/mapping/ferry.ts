/** `ferry run` with a plan of mapped entities, and what the target wrote down about it. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { readEngine } from '../engine.ts'
import { ferryCommand } from '../ferry-command.ts'
import { peakMebibytes, sumOf } from '../processes.ts'
import type { BenchServers } from '../servers.ts'
import { measureUse, type Use } from '../use.ts'

const repository = join(import.meta.dirname, '../../..')

const Result = z.looseObject({
  status: z.string(),
  phases_ms: z.object({ copy: z.number(), finish: z.number(), verify: z.number() }),
  invocations: z.number(),
  kills: z.number(),
  entities: z.array(
    z.looseObject({
      records_total: z.number(),
      records_processed: z.number(),
      records_failed: z.number(),
      records_filtered: z.number(),
    }),
  ),
})

export interface MappedRun extends Use {
  readonly copy_ms: number
  readonly finish_ms: number
  readonly verify_ms: number
  /** All together; refused and left out are among those read. */
  readonly rows_read: number
  readonly rows_refused: number
  readonly rows_left_out: number
  readonly function_main_thread_seconds: number
  /** Boots included. */
  readonly function_cpu_seconds: number
  readonly function_peak_mib: number
  readonly invocations: number
  readonly kills: number
  /** See `readEngine`. */
  readonly engine: Readonly<Record<string, number>>
}

export interface MappedRunOptions {
  readonly servers: BenchServers
  /** Databases of the two servers. */
  readonly source: string
  readonly target: string
  readonly plan: object
  readonly jobs: number
  /** For the plan's file. */
  readonly directory: string
}

/** @throws Error where it does not complete, or a row is neither loaded nor refused nor left out */
export async function runMapped(options: MappedRunOptions): Promise<MappedRun> {
  const { servers, plan, jobs, directory } = options
  mkdirSync(directory, { recursive: true })
  const file = join(directory, 'mapped-plan.json')
  writeFileSync(file, JSON.stringify(plan))
  const { use, result: used } = await measureUse(servers, () =>
    ferryCommand({
      tree: repository,
      args: ['run', file, '--jobs', String(jobs)],
      source: servers.source.url(options.source),
      target: servers.target.url(options.target),
    }),
  )
  if (used.code !== 0) throw new Error(`ferry run ended with ${used.code}: ${used.lastWords}`)
  const { phases_ms, entities, invocations, kills } = Result.parse(JSON.parse(used.output))
  const sum = (pick: (each: (typeof entities)[number]) => number) =>
    entities.reduce((total, each) => total + pick(each), 0)
  const rows_refused = sum((each) => each.records_failed)
  const rows_left_out = sum((each) => each.records_filtered)
  const rows_read = sum((each) => each.records_processed) + rows_refused + rows_left_out
  if (rows_read !== sum((each) => each.records_total)) {
    throw new Error(`${rows_read} of ${sum((each) => each.records_total)} rows are accounted for`)
  }
  return {
    ...use,
    copy_ms: phases_ms.copy,
    finish_ms: phases_ms.finish,
    verify_ms: phases_ms.verify,
    rows_read,
    rows_refused,
    rows_left_out,
    function_main_thread_seconds: sumOf(used.functions, (each) => each.main_thread_seconds),
    function_cpu_seconds: used.functions.offspring_seconds,
    function_peak_mib: peakMebibytes(used.functions),
    invocations,
    kills,
    engine: await readEngine(servers.target, options.target),
  }
}

/** No other way verifies, so that is timed apart. */
export function wallWithoutVerification({ wall_ms, verify_ms }: MappedRun): number {
  return wall_ms - verify_ms
}

export function rowsPerSecond({ rows_read, copy_ms }: MappedRun): number {
  return rows_read / (copy_ms / 1000)
}
