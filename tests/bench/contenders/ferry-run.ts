/** `ferry run`, as a shell calls it, with what its function processes used. */
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { readFunctions } from '../control-functions.ts'
import { readEngine } from '../engine.ts'
import { watchFunctions } from '../processes.ts'
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
  const script = join(tree, 'scripts/ferry.ts')
  const options = ['--json', 'run', plan, '--jobs', String(contest.jobs)]
  const child = spawn(process.execPath, [script, ...options], {
    cwd: tree,
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      LEGACY_DATABASE_URL: url(contest, 'source'),
      TARGET_DATABASE_URL: url(contest, 'target'),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const watch = watchFunctions(child.pid ?? 0)
  let out = ''
  let err = ''
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
  const code = await new Promise((resolve) => child.on('close', resolve))
  const functions = watch.stop()
  if (code !== 0) throw new Error(`ferry run ended with ${code}: ${(err + out).slice(-800)}`)
  const result = Result.parse(JSON.parse(out))
  const engine = await readEngine(contest.servers.target, contest.target)
  const sum = (pick: (each: (typeof functions.processes)[number]) => number) =>
    functions.processes.reduce((total, each) => total + pick(each), 0)
  return {
    phases_ms: result.phases_ms,
    measured: {
      command_ms: result.duration_ms,
      invocations: result.invocations,
      kills: result.kills,
      function_processes: functions.processes.length,
      function_main_thread_seconds: sum((each) => each.main_thread_seconds),
      function_cpu_seconds: functions.offspring_seconds,
      function_peak_mib:
        Math.max(0, ...functions.processes.map((each) => each.peak_bytes)) / 2 ** 20,
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
