/** One run of one job: a connection of its own, as the job's role, the whole command as one message. */
import type postgres from 'postgres'
import type { Server } from '../../postgres/server.ts'
import { openSession } from '../../postgres/session.ts'

export interface CronJob {
  readonly jobid: string
  readonly schedule: string
  readonly command: string
  readonly database: string
  readonly username: string
}

/**
 * Runs the command and keeps its row in `cron.job_run_details`. Several statements in one message are one
 * transaction. Never rejects for a failing command: that is a row with status `failed`.
 * @param launcher a session as the superuser
 * @param started called with the process id of the job's backend
 */
export async function runJob(
  server: Server,
  launcher: postgres.Sql,
  job: CronJob,
  started: (pid: number) => void,
): Promise<void> {
  const [row] = await launcher<{ runid: string }[]>`
    insert into cron.job_run_details (jobid, database, username, command, status)
    values (${job.jobid}, ${job.database}, ${job.username}, ${job.command}, 'starting')
    returning runid`
  const runId = row!.runid
  const session = openSession(server, job.database, {
    role: job.username,
    applicationName: 'pg_cron',
  })
  let status = 'failed'
  let message = 'connection failed'
  try {
    const [backend] = await session<{ pid: number }[]>`select pg_backend_pid() as pid`
    started(backend!.pid)
    message = ''
    await launcher`
      update cron.job_run_details
         set status = 'running', job_pid = ${backend!.pid}, start_time = clock_timestamp()
       where runid = ${runId}`
    message = describe(await session.unsafe(job.command).simple())
    status = 'succeeded'
  } catch (error) {
    message ||= `ERROR:  ${error instanceof Error ? error.message : error}\n`
  } finally {
    await session.end({ timeout: 0 })
  }
  await launcher`
    update cron.job_run_details
       set status = ${status}, return_message = ${message}, end_time = clock_timestamp(),
           start_time = coalesce(start_time, clock_timestamp())
     where runid = ${runId}`
}

/** The words of libpq for the last result. */
function describe(result: postgres.RowList<postgres.Row[]>): string {
  const results = result as unknown as readonly unknown[]
  const last = (Array.isArray(results.at(-1)) ? results.at(-1) : result) as typeof result
  if (last.columns?.length) return last.count === 1 ? '1 row' : `${last.count} rows`
  switch (last.command) {
    case 'INSERT':
      return `INSERT 0 ${last.count}`
    case 'UPDATE':
    case 'DELETE':
      return `${last.command} ${last.count}`
    default:
      return last.command ?? ''
  }
}
