/**
 * What an earlier run left behind when it was killed: a server that still runs on our data directory,
 * backends whose postmaster is gone, or a postmaster.pid that names somebody else by now.
 *
 * Only processes that are proven to serve exactly this data directory are stopped: the process's working
 * directory (PostgreSQL enters its data directory) where the system tells it, its command line elsewhere.
 * The caller holds the directory's lock, so no living run of ours can own them.
 */
import { existsSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import {
  commandLine,
  isAlive,
  signal,
  waitForExit,
  workingDirectory,
} from '../processes/identity.ts'

/** Stops an earlier run's server of this data directory and removes a stale postmaster.pid. */
export async function stopOrphan(
  dataDirectory: string,
  log: (line: string) => void,
): Promise<void> {
  const pidFile = join(dataDirectory, 'postmaster.pid')
  const pid = recordedPid(pidFile)
  if (pid !== undefined && isAlive(pid)) {
    if (servesDirectory(pid, dataDirectory)) {
      log(`stopping the PostgreSQL (${pid}) that an earlier run left behind`)
      await stopProcess(pid)
    } else {
      // The number was given to another process: PostgreSQL would refuse to start because of it.
      rmSync(pidFile, { force: true })
    }
  }
  await stopStragglers(dataDirectory)
}

/**
 * Ends backends of a postmaster that was killed: they would hold the shared memory, and no new server
 * could start until they notice. Where the system does not list working directories, PostgreSQL's own
 * detection has to do.
 */
export async function stopStragglers(dataDirectory: string): Promise<void> {
  if (!existsSync('/proc/self/stat')) return
  const pids = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => servesDirectory(pid, dataDirectory))
  for (const pid of pids) signal(pid, 'SIGQUIT')
  for (const pid of pids) {
    if (!(await waitForExit(pid, 3000))) signal(pid, 'SIGKILL')
  }
}

/** Fast shutdown, then immediate, then the hard way. */
export async function stopProcess(pid: number): Promise<void> {
  const steps = [
    ['SIGINT', 10_000],
    ['SIGQUIT', 5000],
    ['SIGKILL', 5000],
  ] as const
  for (const [name, patience] of steps) {
    signal(pid, name)
    if (await waitForExit(pid, patience)) return
  }
}

function recordedPid(pidFile: string): number | undefined {
  try {
    const pid = Number(readFileSync(pidFile, 'utf8').split('\n')[0])
    return Number.isInteger(pid) && pid > 1 ? pid : undefined
  } catch {
    return undefined
  }
}

function servesDirectory(pid: number, dataDirectory: string): boolean {
  if (pid === process.pid) return false
  const command = commandLine(pid) ?? ''
  if (!/postgres/.test(command)) return false
  const folder = workingDirectory(pid)
  if (folder !== undefined) return folder === realpathSync(dataDirectory)
  return command.includes(dataDirectory)
}
