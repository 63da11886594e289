/**
 * One owner per directory. The lock is a file with the owner's process id and start mark, so that a
 * lock left behind by a killed process is recognised and taken over, and a living one is respected.
 */
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { FerryError } from '../../../shared/platform/errors.ts'
import { isAlive, startMark } from './identity.ts'

interface Owner {
  readonly pid: number
  readonly mark: string
}

/**
 * Takes the lock for this process.
 * @returns the way to let go of it
 * @throws FerryError `already_running` (409) where a living process holds it
 */
export function takeLock(path: string): () => void {
  mkdirSync(dirname(path), { recursive: true })
  const own = `${path}.${process.pid}.${performance.now()}`
  const text = JSON.stringify({ pid: process.pid, mark: startMark(process.pid) ?? '' })
  writeFileSync(own, text)
  try {
    for (;;) {
      if (tryLink(own, path)) return () => release(path, text)
      const owner = readOwner(path)
      if (owner && isAlive(owner.pid) && (startMark(owner.pid) ?? '') === owner.mark) {
        throw new FerryError({
          code: 'already_running',
          message: `Another process (${owner.pid}) already runs the embedded project in this directory.`,
          hint: 'Use that one, or stop it with Ctrl-C first.',
          status: 409,
          context: { pid: owner.pid },
        })
      }
      setAside(path, own)
    }
  } finally {
    rmSync(own, { force: true })
  }
}

/** `link` fails where the name exists: the only step that decides between two who want the lock. */
function tryLink(own: string, path: string): boolean {
  try {
    linkSync(own, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

function setAside(path: string, own: string): void {
  const stale = `${own}.stale`
  try {
    renameSync(path, stale)
    rmSync(stale, { force: true })
  } catch (error) {
    // Somebody else set it aside first: try again from the start.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

function readOwner(path: string): Owner | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Owner
  } catch {
    return undefined
  }
}

function release(path: string, text: string): void {
  try {
    if (readFileSync(path, 'utf8') === text) rmSync(path)
  } catch {
    // The directory was removed with the lock in it: nothing is left to release.
  }
}
