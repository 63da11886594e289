/** Signals to function processes, and only to those that the project under test has started. */
import { readFileSync } from 'node:fs'

/** The part of the embedded project that names its function processes. */
export interface IsolateOwner {
  isolates(): readonly { readonly pid: number; readonly function: string }[]
}

/** Processes that were stopped here, with their start, so that a reused number is never signalled. */
const stopped = new Map<number, string>()

/** Ends a function process at once, as an out-of-memory kill does. */
export function kill(project: IsolateOwner, pid: number): void {
  signal(project, pid, 'SIGKILL')
}

/** Stops a function process where it stands; its sockets stay open and nothing answers. */
export function suspend(project: IsolateOwner, pid: number): void {
  signal(project, pid, 'SIGSTOP')
  stopped.set(pid, identity(pid))
}

/** Lets a suspended process go on, even when the project has given it up in the meantime. */
export function wake(pid: number): boolean {
  const known = stopped.get(pid)
  if (known === undefined) throw new Error(`process ${pid} was not suspended here`)
  stopped.delete(pid)
  if (identity(pid) !== known) return false
  process.kill(pid, 'SIGCONT')
  return true
}

export function isAlive(pid: number): boolean {
  return identity(pid) !== ''
}

function signal(project: IsolateOwner, pid: number, name: NodeJS.Signals): void {
  if (!project.isolates().some((isolate) => isolate.pid === pid)) {
    throw new Error(`process ${pid} is no isolate of this project`)
  }
  process.kill(pid, name)
}

/** Start time of a living process in the kernel's ticks; empty when it is gone or a zombie. */
function identity(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The command's name, in parentheses, may hold spaces: count behind it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? '' : (fields[19] ?? '')
  } catch {
    return signalable(pid) && process.platform !== 'linux' ? 'alive' : ''
  }
}

function signalable(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
