/**
 * The scheduler of the pg_cron stand-in, one per database. Looks every second; a job never overlaps itself:
 * runs that fall due meanwhile wait (five fields: all of them, seconds: one). It comes back with its server,
 * and then marks the runs that were cut off as failed.
 */
import type postgres from 'postgres'
import type { Server } from '../../postgres/server.ts'
import { openSession } from '../../postgres/session.ts'
import { createLatch } from '../latch.ts'
import { type CronJob, runJob } from './run.ts'
import { parseSchedule, type Schedule } from './schedule.ts'

export interface CronWorkerOptions {
  readonly server: Server
  readonly database: string
  readonly log?: (line: string) => void
}

interface Task {
  text: string
  schedule: Schedule | undefined
  /** Milliseconds since the epoch: when the job was first seen, then when it last started. */
  lastStart: number
  /** The last whole minute that was looked at. */
  lastMinute: number
  due: number
  pid: number | undefined
  isRunning: boolean
}

const APPLICATION_NAME = 'pg_cron scheduler'
const LOOK_MILLISECONDS = 1000
const MINUTE = 60_000
/** Minutes that were missed for longer than this are skipped. */
const MAX_CATCH_UP = 5
const MAX_RUNNING = 32

export class CronWorker {
  readonly #options: CronWorkerOptions
  readonly #latch = createLatch()
  readonly #tasks = new Map<string, Task>()
  readonly #life: Promise<void>
  #launcher: postgres.Sql | undefined
  #isPaused = false
  #isStopped = false

  constructor(options: CronWorkerOptions) {
    this.#options = options
    this.#life = this.#live()
  }

  /** No job is started; running ones go on. */
  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    this.#latch.set()
  }

  /** Ends running jobs too. */
  async stop(): Promise<void> {
    this.#isStopped = true
    await endRunning(this.#launcher, this.#running())
    this.#latch.set()
    await this.#launcher?.end({ timeout: 0 })
    await this.#life
  }

  async #live(): Promise<void> {
    while (!this.#isStopped) {
      await this.#serve().catch((error: unknown) => this.#report(error))
      if (!this.#isStopped) await this.#latch.wait(LOOK_MILLISECONDS)
    }
  }

  async #serve(): Promise<void> {
    const { server, database } = this.#options
    const sql = openSession(server, database, { applicationName: APPLICATION_NAME, max: 2 })
    this.#launcher = sql
    try {
      await markCutOff(sql)
      while (!this.#isStopped) {
        await this.#look(sql)
        await this.#latch.wait(LOOK_MILLISECONDS)
      }
    } finally {
      await sql.end({ timeout: 0 })
    }
  }

  async #look(sql: postgres.Sql): Promise<void> {
    const jobs = await readJobs(sql)
    refresh(this.#tasks, jobs)
    const now = Date.now()
    for (const job of jobs) {
      const task = this.#tasks.get(job.jobid)!
      countDue(task, now)
      const mayStart = !this.#isPaused && !this.#isStopped && this.#running().length < MAX_RUNNING
      if (mayStart && !task.isRunning && task.due > 0) void this.#start(sql, job, task)
    }
  }

  async #start(sql: postgres.Sql, job: CronJob, task: Task): Promise<void> {
    task.isRunning = true
    task.due -= 1
    task.lastStart = Date.now()
    try {
      await runJob(this.#options.server, sql, job, (pid) => {
        task.pid = pid
      })
    } catch (error) {
      // The launcher's own connection is gone: the next life marks this run as failed.
      this.#report(error)
    } finally {
      task.isRunning = false
      task.pid = undefined
      this.#latch.set()
    }
  }

  #running(): readonly Task[] {
    return [...this.#tasks.values()].filter((task) => task.isRunning)
  }

  #report(error: unknown): void {
    const reason = error instanceof Error ? error.message : error
    if (!this.#isStopped) this.#options.log?.(`pg_cron: ${reason}`)
  }
}

async function readJobs(sql: postgres.Sql): Promise<readonly CronJob[]> {
  const [table] = await sql<{ exists: boolean }[]>`
    select to_regclass('cron.job') is not null as exists`
  if (!table?.exists) return []
  return await sql<CronJob[]>`
    select jobid::text, schedule, command, database, username
      from cron.job where active order by jobid`
}

/** A job whose schedule was changed begins anew, as the real scheduler does. */
function refresh(tasks: Map<string, Task>, jobs: readonly CronJob[]): void {
  const wanted = new Set(jobs.map((job) => job.jobid))
  for (const [id, task] of tasks) {
    if (!wanted.has(id) && !task.isRunning) tasks.delete(id)
  }
  for (const job of jobs) {
    const known = tasks.get(job.jobid)
    if (known?.text === job.schedule) continue
    const now = Date.now()
    const schedule = parseSchedule(job.schedule)
    const fresh = {
      text: job.schedule,
      schedule,
      lastStart: now,
      lastMinute: Math.floor(now / MINUTE),
      due: schedule?.kind === 'reboot' ? 1 : 0,
    }
    // In place: a run that is under way belongs to the job, whatever its schedule is now.
    if (known) Object.assign(known, fresh)
    else tasks.set(job.jobid, { ...fresh, pid: undefined, isRunning: false })
  }
}

function countDue(task: Task, now: number): void {
  const { schedule } = task
  if (schedule?.kind === 'seconds' && task.due === 0) {
    // Only while it waits: a run that outlasts its interval is followed by one, not by many.
    if (!task.isRunning && now - task.lastStart >= schedule.seconds * 1000) task.due = 1
  }
  if (schedule?.kind === 'fields') {
    const minute = Math.floor(now / MINUTE)
    const from = Math.max(task.lastMinute + 1, minute - MAX_CATCH_UP)
    for (let passed = from; passed <= minute; passed += 1) {
      if (schedule.matches(new Date(passed * MINUTE))) task.due += 1
    }
    task.lastMinute = Math.max(task.lastMinute, minute)
  }
}

async function markCutOff(sql: postgres.Sql): Promise<void> {
  const [table] = await sql<{ exists: boolean }[]>`
    select to_regclass('cron.job_run_details') is not null as exists`
  if (!table?.exists) return
  await sql`
    update cron.job_run_details
       set status = 'failed', return_message = 'server restarted', end_time = clock_timestamp()
     where status in ('starting', 'connecting', 'sending', 'running')`
}

/** Jobs end with their scheduler: their backends would otherwise work on unseen. */
async function endRunning(
  launcher: postgres.Sql | undefined,
  tasks: readonly Task[],
): Promise<void> {
  const pids = tasks.flatMap((task) => task.pid ?? [])
  if (!launcher || pids.length === 0) return
  await launcher`
    select pg_terminate_backend(pid) from pg_stat_activity
     where pid = any (${pids}::int[])`.catch(() => {})
}
