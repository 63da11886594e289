/** The functions of this repository, served on this machine for one run. */
import { createHash } from 'node:crypto'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { FerryError } from '../../shared/platform/errors.ts'
import { targetAddress } from '../../shared/target/connect.ts'
import { type FunctionHost, openFunctionHost } from '../local/gateway/host.ts'
import { CONFIG_FILE, DEV_DIRECTORY, FUNCTIONS_DIRECTORY } from '../local/paths.ts'
import { takeLock } from '../local/processes/lock.ts'

export interface FunctionsOptions {
  /** Address of the target database, which every function gets as its project's. */
  readonly target: string
  /** Function secrets by name; they reach the processes by their environment alone. */
  readonly secrets: Readonly<Record<string, string>>
  readonly log: (line: string) => void
  readonly onIsolateDeath: () => void
}

/**
 * The platform's limits on time guard a shared machine; this one is the user's own. A call goes on until
 * nothing is left to claim; the limit on memory stays, because rows need none.
 */
const UNBOUNDED_MS = 30 * 24 * 3_600_000
const TIME_LIMITS = {
  cpuSoftMilliseconds: UNBOUNDED_MS,
  cpuHardMilliseconds: UNBOUNDED_MS,
  wallClockMilliseconds: UNBOUNDED_MS,
}
const CALL_BUDGET = {
  FERRY_CALL_WALL_MS: String(UNBOUNDED_MS),
  FERRY_CALL_CPU_MS: String(UNBOUNDED_MS),
}

/** The function that moves rows. */
export const WORKER = 'process-batch'

/**
 * Opens the gateway. Its folder belongs to one process at a time; the functions' log is in it, and what
 * helps to end processes that a killed run left behind.
 * @throws FerryError `run_active`
 */
export async function openFunctions(options: FunctionsOptions): Promise<FunctionHost> {
  const directory = stateDirectory(options.target)
  mkdirSync(directory, { recursive: true })
  const release = lock(join(directory, 'run.lock'))
  try {
    const host = await openFunctionHost({
      directory,
      cacheDirectory: join(DEV_DIRECTORY, 'deno'),
      databaseUrl: options.target,
      functionsDirectory: FUNCTIONS_DIRECTORY,
      configFile: CONFIG_FILE,
      secrets: { ...CALL_BUDGET, ...options.secrets },
      limits: TIME_LIMITS,
      deno: 'deno',
      log: options.log,
      onIsolateDeath: options.onIsolateDeath,
    })
    const close = async () => {
      await host.close()
      release()
    }
    return { ...host, close }
  } catch (error) {
    release()
    throw error
  }
}

/** Removes what runs into this target have left on this machine. */
export function forgetFunctions(target: string): void {
  rmSync(stateDirectory(target), { recursive: true, force: true })
}

/** One folder per target database; its name tells nothing about the address. */
function stateDirectory(target: string): string {
  const { host, port, database } = targetAddress(target)
  const name = createHash('sha256')
    .update(JSON.stringify([host, port, database]))
    .digest('hex')
  return join(DEV_DIRECTORY, 'run', name.slice(0, 16))
}

function lock(path: string): () => void {
  try {
    return takeLock(path)
  } catch (error) {
    if (error instanceof FerryError && error.code === 'already_running') throw runActive()
    throw error
  }
}

export function runActive(): FerryError {
  return new FerryError({
    code: 'run_active',
    message: 'Another "ferry run" is at work on this target database.',
    hint: 'Let it end, or stop it with Ctrl-C first.',
    status: 409,
  })
}
