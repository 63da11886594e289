/** `ferry run`, as a shell calls it, with what its function processes used. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { readFunctions } from '../control-functions.ts'
import { readEngine } from '../engine.ts'
import { ferryCommand } from '../ferry-command.ts'
import { peakMebibytes, sumOf } from '../processes.ts'
import { type Contender, type Contest, type Finish, url } from './contender.ts'

const Result = z.looseObject({
  status: z.string(),
  duration_ms: z.number(),
  phases_ms: z.record(z.string(), z.number()),
  invocations: z.number(),
  kills: z.number(),
})

/** @param tree the checkout whose `ferry` runs; another one than this to compare versions */
export function ferryRun(tree: string, name = 'ferry run'): Contender {
  return {
    name,
    league: 'clone',
    absent: () => undefined,
    run: (contest) => runFerry(tree, contest),
  }
}

async function runFerry(tree: string, contest: Contest): Promise<Finish> {
  const plan = join(contest.scratch, 'plan.json')
  writeFileSync(
    plan,
    JSON.stringify({
      version: 1,
      name: 'bench',
      source: { secret: 'LEGACY_DATABASE_URL' },
      entities: '*',
      settings: { ...(contest.areLanesAsked ? { lanes: contest.lanes } : {}), ...batchRows() },
    }),
  )
  const used = await ferryCommand({
    tree,
    args: ['run', plan, '--jobs', String(contest.jobs)],
    source: url(contest, 'source'),
    target: url(contest, 'target'),
  })
  if (used.code !== 0) throw new Error(`ferry run ended with ${used.code}: ${used.lastWords}`)
  const { functions } = used
  const result = Result.parse(JSON.parse(used.output))
  const engine = await readEngine(contest.servers.target, contest.target)
  return {
    phases_ms: result.phases_ms,
    measured: {
      command_ms: result.duration_ms,
      invocations: result.invocations,
      kills: result.kills,
      function_processes: functions.processes.length,
      function_main_thread_seconds: sumOf(functions, (each) => each.main_thread_seconds),
      function_cpu_seconds: functions.offspring_seconds,
      function_peak_mib: peakMebibytes(functions),
      ...engine,
    },
    functions: await readFunctions(contest.servers.target, contest.target),
  }
}

/** FERRY_BENCH_BATCH_ROWS asks for another first batch. */
function batchRows(): { batch_rows?: number } {
  const rows = process.env.FERRY_BENCH_BATCH_ROWS
  return rows === undefined ? {} : { batch_rows: Number(rows) }
}
