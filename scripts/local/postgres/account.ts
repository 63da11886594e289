/**
 * The account that PostgreSQL runs under. It refuses to run as root, so root hands it to the user
 * `postgres` (made where it is missing) or, failing that, to `nobody`.
 *
 * A clone below a private folder (`/root/…`, a `mktemp -d`) cannot be entered by such a user. Where the
 * system has `setpriv`, the server then keeps the one capability that reading and entering folders needs;
 * nobody's folders are opened for that.
 */
import { execFileSync } from 'node:child_process'
import { chownSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { FerryError } from '../../../shared/platform/errors.ts'

export interface Account {
  readonly uid: number
  readonly gid: number
}

export interface Launch {
  readonly command: string
  readonly arguments: readonly string[]
  /** Spawn options that switch the user; empty where a wrapper does it or nothing is to be switched. */
  readonly credentials: { readonly uid?: number; readonly gid?: number }
}

/** Undefined where this process is not root: then PostgreSQL runs as the caller. */
export function postgresAccount(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined
  const existing = lookUp('postgres') ?? createPostgres() ?? lookUp('nobody')
  if (existing) return existing
  throw new FerryError({
    code: 'account_missing',
    message: 'PostgreSQL does not run as root, and no other user could be found or made.',
    hint: 'Run as an ordinary user, or add a user named postgres.',
  })
}

/** How to start a binary under the account, given the folders that it must be able to enter. */
export function launchAs(
  account: Account | undefined,
  command: string,
  args: readonly string[],
  folders: readonly string[],
): Launch {
  if (!account) return { command, arguments: args, credentials: {} }
  const closed = folders.find((folder) => !canEnter(account, folder))
  if (closed === undefined) return { command, arguments: args, credentials: { ...account } }
  const capabilities = '+dac_override'
  const wrapper = [
    `--reuid=${account.uid}`,
    `--regid=${account.gid}`,
    '--clear-groups',
    `--inh-caps=${capabilities}`,
    `--ambient-caps=${capabilities}`,
    '--',
  ]
  if (works('setpriv', [...wrapper, 'true'])) {
    return { command: 'setpriv', arguments: [...wrapper, command, ...args], credentials: {} }
  }
  throw new FerryError({
    code: 'directory_closed',
    message: 'PostgreSQL does not run as root, and the user it runs as cannot enter this folder.',
    hint: `Run as an ordinary user, or put the folder where others may enter: ${closed}`,
  })
}

export function giveTo(account: Account | undefined, path: string): void {
  if (account) chownSync(path, account.uid, account.gid)
}

/** Whether the account may pass through every folder down to this one. */
export function canEnter(account: Account, folder: string): boolean {
  for (let path = folder; ; path = dirname(path)) {
    const { mode, uid, gid } = statSync(path)
    const bit = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001
    if ((mode & bit) === 0) return false
    if (path === dirname(path)) return true
  }
}

function createPostgres(): Account | undefined {
  if (!works('groupadd', ['--system', 'postgres'])) return undefined
  const home = ['--no-create-home', '--home-dir', '/nonexistent']
  works('useradd', ['--system', '--gid', 'postgres', ...home, 'postgres'])
  return lookUp('postgres')
}

function lookUp(name: string): Account | undefined {
  try {
    const ask = (flag: string) => Number(execFileSync('id', [flag, name], { stdio: 'pipe' }))
    return { uid: ask('-u'), gid: ask('-g') }
  } catch {
    return undefined
  }
}

function works(command: string, args: readonly string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
