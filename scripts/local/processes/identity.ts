/**
 * Who a process id belongs to. A number alone proves nothing, because ids are reused: before a process
 * of an earlier run is waited for or stopped, its start time, folder or command line must agree too.
 * Linux reads /proc; elsewhere `ps` answers.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, readlinkSync } from 'node:fs'

const hasProc = existsSync('/proc/self/stat')

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
  return !isZombie(pid)
}

/** A text that differs between two processes that had the same id; undefined where there is none. */
export function startMark(pid: number): string | undefined {
  if (hasProc) return statFields(pid)?.[19]
  return ps(pid, 'lstart')
}

export function commandLine(pid: number): string | undefined {
  if (!hasProc) return ps(pid, 'command')
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ').trim()
  } catch {
    return undefined
  }
}

/** The working directory, where the system tells it (Linux); undefined elsewhere. */
export function workingDirectory(pid: number): string | undefined {
  try {
    return hasProc ? readlinkSync(`/proc/${pid}/cwd`) : undefined
  } catch {
    return undefined
  }
}

/**
 * Waits until a process has ended.
 * @returns false where it still lives after `milliseconds`
 */
export async function waitForExit(pid: number, milliseconds: number): Promise<boolean> {
  const deadline = performance.now() + milliseconds
  while (isAlive(pid)) {
    if (performance.now() > deadline) return false
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return true
}

/** Sends a signal; a process that is gone already is no error. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

function isZombie(pid: number): boolean {
  if (hasProc) return statFields(pid)?.[0] === 'Z'
  return ps(pid, 'state')?.startsWith('Z') ?? false
}

/** Fields of /proc/PID/stat after the name, which may itself hold spaces and parentheses. */
export function statFields(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return undefined
  }
}

function ps(pid: number, column: string): string | undefined {
  try {
    const text = execFileSync('ps', ['-o', `${column}=`, '-p', String(pid)], { encoding: 'utf8' })
    return text.trim() || undefined
  } catch {
    return undefined
  }
}
