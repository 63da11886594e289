/**
 * One PostgreSQL server: start, stop, restart, and start again when it dies by itself.
 * It runs in a session of its own, so that Ctrl-C on the terminal reaches us and not it.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { FerryError } from '../../../shared/platform/errors.ts'
import { freePort } from '../processes/free-port.ts'
import { signal } from '../processes/identity.ts'
import { type Account, launchAs } from './account.ts'
import type { PostgresBinaries } from './binaries.ts'
import { PASSWORD } from './cluster.ts'
import { stopProcess, stopStragglers } from './orphan.ts'

export interface Server {
  readonly port: number
  /** Of the postmaster; changes with every restart. */
  readonly pid: number
  readonly dataDirectory: string
  readonly logFile: string
  /** A folder that only this account can enter; connections over it need no password. */
  readonly socketDirectory: string
  /** The role that owns everything here. */
  readonly superuser: string
  /** A connection string over TCP. `role` defaults to `postgres`. */
  url(database: string, role?: string): string
  /**
   * `fast` ends sessions and shuts down cleanly; `immediate` is a crash: recovery from the log follows,
   * and unlogged tables are empty afterwards. Resolves when connections are accepted again.
   */
  restart(mode: 'fast' | 'immediate'): Promise<void>
  stop(): Promise<void>
}

export interface ServerOptions {
  readonly binaries: PostgresBinaries
  readonly account: Account | undefined
  readonly dataDirectory: string
  readonly logFile: string
  readonly socketDirectory: string
  readonly superuser: string
  readonly port: number
  readonly settings: Readonly<Record<string, string>>
  readonly log: (line: string) => void
}

/** A server that dies more often than this within a minute is not started again. */
const MAX_REVIVALS = 8
const START_TIMEOUT = 60_000

/** @throws FerryError `server_failed` where PostgreSQL does not come up within a minute */
export async function startServer(options: ServerOptions): Promise<Server> {
  let port = options.port
  const child = await launchUntilReady(options, port, async () => {
    port = await freePort()
    return port
  })
  const running = new RunningServer(options, child, port)
  const { dataDirectory, logFile, socketDirectory, superuser } = options
  return {
    port,
    dataDirectory,
    logFile,
    socketDirectory,
    superuser,
    get pid() {
      return running.pid
    },
    url: (database, role) => serverUrl(port, database, role),
    restart: (mode) => running.restart(mode),
    stop: () => running.stop(),
  }
}

/** The process behind a server, through all its restarts. */
class RunningServer {
  readonly #options: ServerOptions
  readonly #port: number
  readonly #endWithUs = () => signal(this.pid, 'SIGINT')
  /** When it was started again after dying, in milliseconds. */
  readonly #revivals: number[] = []
  #child: ChildProcess
  #isStopping = false
  /** One change of state at a time. */
  #turn: Promise<void> = Promise.resolve()

  constructor(options: ServerOptions, child: ChildProcess, port: number) {
    this.#options = options
    this.#port = port
    this.#child = child
    this.#watch()
    process.once('exit', this.#endWithUs)
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  restart(mode: 'fast' | 'immediate'): Promise<void> {
    return this.#inTurn(async () => {
      const old = this.#child
      old.removeAllListeners('exit')
      signal(this.pid, mode === 'fast' ? 'SIGINT' : 'SIGQUIT')
      await ended(old)
      await this.#launchAgain()
    })
  }

  stop(): Promise<void> {
    this.#isStopping = true
    return this.#inTurn(async () => {
      process.removeListener('exit', this.#endWithUs)
      if (isRunning(this.#child)) await stopProcess(this.pid)
    })
  }

  #inTurn(step: () => Promise<void>): Promise<void> {
    this.#turn = this.#turn.then(step, step)
    return this.#turn
  }

  #watch(): void {
    const child = this.#child
    child.once('exit', () => {
      if (!this.#isStopping) void this.#inTurn(() => this.#revive(child))
    })
  }

  async #revive(dead: ChildProcess): Promise<void> {
    if (this.#isStopping || dead !== this.#child) return
    const { log, logFile } = this.#options
    const now = performance.now()
    this.#revivals.push(now)
    if (this.#revivals.filter((at) => now - at < 60_000).length > MAX_REVIVALS) {
      log(`PostgreSQL on port ${this.#port} keeps dying: see ${logFile}`)
      return
    }
    log(`PostgreSQL on port ${this.#port} died and is started again`)
    await this.#launchAgain().catch((error: unknown) => log(String(error)))
  }

  async #launchAgain(): Promise<void> {
    this.#child = await launchUntilReady(this.#options, this.#port)
    this.#watch()
  }
}

/** A connection string over TCP; the embedded servers have no TLS. */
export function serverUrl(port: number, database: string, role = 'postgres'): string {
  const name = encodeURIComponent(database)
  return `postgresql://${role}:${PASSWORD}@127.0.0.1:${port}/${name}?sslmode=disable`
}

/**
 * Starts the server until it accepts connections. Two failures pass: the port was taken since it was
 * found free (another is asked for, where that is allowed), and backends of a killed predecessor still
 * hold the shared memory.
 */
async function launchUntilReady(
  options: ServerOptions,
  firstPort: number,
  otherPort?: () => Promise<number>,
): Promise<ChildProcess> {
  const deadline = performance.now() + START_TIMEOUT
  let port = firstPort
  while (performance.now() < deadline) {
    const child = launch(options, port)
    if (await becomesReady(child, options.dataDirectory, deadline)) return child
    const reason = tail(options.logFile)
    if (/Address already in use|could not bind/.test(reason) && otherPort) port = await otherPort()
    if (/shared memory block/.test(reason)) await stopStragglers(options.dataDirectory)
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  throw new FerryError({
    code: 'server_failed',
    message: 'PostgreSQL did not start within a minute.',
    hint: `Its log says why: ${options.logFile}`,
  })
}

function launch(options: ServerOptions, port: number): ChildProcess {
  const { binaries, account, dataDirectory, socketDirectory } = options
  const settings = Object.entries({
    ...options.settings,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: socketDirectory,
  }).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const args = ['-D', dataDirectory, '-p', String(port), ...settings]
  const folders = [dirname(binaries.postgres), dirname(dataDirectory), dirname(socketDirectory)]
  const start = launchAs(account, binaries.postgres, args, folders)
  const output = openSync(options.logFile, 'a')
  try {
    const child = spawn(start.command, [...start.arguments], {
      ...start.credentials,
      cwd: '/',
      detached: true,
      env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' },
      stdio: ['ignore', output, output],
    })
    child.on('error', () => {})
    return child
  } finally {
    closeSync(output)
  }
}

/** The eighth line of postmaster.pid is how pg_ctl learns that the server accepts connections. */
async function becomesReady(
  child: ChildProcess,
  dataDirectory: string,
  deadline: number,
): Promise<boolean> {
  while (performance.now() < deadline) {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null)
      return false
    const lines = read(join(dataDirectory, 'postmaster.pid')).split('\n')
    if (Number(lines[0]) === child.pid && lines[7]?.trim() === 'ready') return true
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  await stopProcess(child.pid!)
  return false
}

function ended(child: ChildProcess): Promise<void> {
  if (!isRunning(child)) return Promise.resolve()
  return new Promise((resolve) => child.once('exit', () => resolve()))
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null
}

function tail(file: string): string {
  return read(file).slice(-2000)
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
