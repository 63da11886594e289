/**
 * One embedded project: a database of the target server, the gateway with its functions, and the workers
 * of pg_net and pg_cron bound to that database.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { FerryError } from '../../shared/platform/errors.ts'
import { denoBinary } from './gateway/deno.ts'
import { type FunctionLine, openFunctionLog } from './gateway/function-log.ts'
import { startGateway } from './gateway/gateway.ts'
import {
  loadKeys,
  publicKeySet,
  signToken,
  type TokenClaims,
  type TokenOptions,
} from './gateway/keys.ts'
import { DEFAULT_LIMITS, type IsolateLimits } from './gateway/limits.ts'
import { endOrphans, forgetIsolate, noteIsolate } from './gateway/orphans.ts'
import { CONFIG_FILE, FUNCTIONS_DIRECTORY } from './paths.ts'
import { freePort } from './processes/free-port.ts'
import { takeLock } from './processes/lock.ts'
import type { Servers } from './servers.ts'
import { type CronWorker, startCronWorker } from './workers/cron/worker.ts'
import type { NetFaults } from './workers/net/faults.ts'
import { type NetWorker, startNetWorker } from './workers/net/worker.ts'

export interface ProjectOptions {
  readonly servers: Servers
  /** A database of the target server that has been bootstrapped. */
  readonly database: string
  /** Function secrets, by name. */
  readonly secrets?: Readonly<Record<string, string>>
  readonly faults?: NetFaults
  readonly limits?: Partial<IsolateLimits>
  /** This repository's `supabase/functions` by default. */
  readonly functionsDirectory?: string
  /** This repository's `supabase/config.toml` by default. */
  readonly configFile?: string
  /** Keys, logs and the port are kept here; below the servers' directory by default. */
  readonly directory?: string
  /** The Deno release: `deno`, or `deno-floor` for what hosted functions are compatible with. */
  readonly deno?: 'deno' | 'deno-floor'
  readonly log?: (line: string) => void
  /** Every line that a function prints. */
  readonly onFunctionLine?: (line: FunctionLine) => void
}

export interface IsolateReport {
  readonly pid: number
  readonly function: string
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  readonly bootMilliseconds: number | undefined
  readonly cpuMilliseconds: number
  readonly peakMemoryBytes: number
  /** Why it ended; undefined while it lives. */
  readonly end: string | undefined
}

export interface Project {
  /** `http://127.0.0.1:port`, what a hosted project's `https://ref.supabase.co` is. */
  readonly url: string
  readonly database: string
  /** As the role `postgres`, which migrations and functions use. */
  readonly databaseUrl: string
  readonly directory: string
  readonly keys: { readonly publishable: string; readonly secret: string }
  readonly servers: Servers
  /** A user's token; see TokenOptions for expired and forged ones. */
  signToken(claims?: TokenClaims, options?: TokenOptions): Promise<string>
  /**
   * Sets a function secret. Running isolates finish and are replaced, so that the next request sees it.
   * @throws FerryError `secret_reserved` for a name that begins with SUPABASE_
   */
  setSecret(name: string, value: string): void
  /** Living isolates. */
  isolates(): readonly { pid: number; function: string; startedAt: number }[]
  stats(): {
    readonly invocations: number
    /** How many isolates ended for each reason. */
    readonly kills: Readonly<Record<string, number>>
    /** All isolates so far, oldest first. */
    readonly isolates: readonly IsolateReport[]
  }
  /** The last lines that functions printed, oldest first. */
  functionLines(): readonly FunctionLine[]
  readonly net: NetWorker
  readonly cron: CronWorker
  /** Ends workers, isolates and gateway; the database stays. */
  stop(): Promise<void>
}

const SOCKET_PREFIX = 'ferry-fn-'

/**
 * Opens a project. Its directory belongs to one process at a time.
 * @throws FerryError `already_running`, `config_invalid`, `platform_unsupported`
 */
export async function openProject(options: ProjectOptions): Promise<Project> {
  const { servers, database, log = () => {} } = options
  const directory = options.directory ?? join(servers.directory, 'projects', database)
  mkdirSync(directory, { recursive: true })
  const release = takeLock(join(directory, 'project.lock'))
  try {
    return await open(options, directory, release, log)
  } catch (error) {
    release()
    throw error
  }
}

async function open(
  options: ProjectOptions,
  directory: string,
  release: () => void,
  log: (line: string) => void,
): Promise<Project> {
  const { servers, database } = options
  const orphanDirectory = join(directory, 'isolates')
  const memory = openMemory(join(directory, 'gateway.json'))
  endOrphans(orphanDirectory)
  const keys = await loadKeys(join(directory, 'keys.json'))
  const port = await freePort(memory.recall().port)
  const url = `http://127.0.0.1:${port}`
  const databaseUrl = servers.target.url(database)
  const secrets = new Map<string, string>()
  const setSecret = (name: string, value: string) => {
    refuseReserved(name)
    secrets.set(name, value)
  }
  for (const [name, value] of Object.entries(options.secrets ?? {})) setSecret(name, value)
  const socketDirectory = mkdtempSync(join(tmpdir(), SOCKET_PREFIX))
  memory.keep({ port, socketDirectory })
  const functionLog = openFunctionLog(join(directory, 'functions.log'), options.onFunctionLine)
  const reports: (() => IsolateReport)[] = []
  const gateway = await startGateway({
    port,
    keys,
    functionsDirectory: options.functionsDirectory ?? FUNCTIONS_DIRECTORY,
    configFile: options.configFile ?? CONFIG_FILE,
    deno: denoBinary(options.deno),
    cacheDirectory: join(servers.directory, 'deno'),
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    socketDirectory,
    log: functionLog,
    environment: () => ({
      ...Object.fromEntries(secrets),
      SUPABASE_URL: url,
      SUPABASE_DB_URL: databaseUrl,
      SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ default: keys.publishable }),
      SUPABASE_SECRET_KEYS: JSON.stringify({ default: keys.secret }),
      SUPABASE_JWKS: JSON.stringify(publicKeySet(keys)),
    }),
    onStart: (isolate) => {
      noteIsolate(orphanDirectory, isolate.pid)
      reports.push(() => ({
        pid: isolate.pid,
        function: isolate.function,
        startedAt: isolate.startedAt,
        bootMilliseconds: isolate.bootMilliseconds,
        cpuMilliseconds: isolate.cpuMilliseconds,
        peakMemoryBytes: isolate.peakMemoryBytes,
        end: isolate.endReason,
      }))
    },
    onEnd: (isolate, reason) => {
      forgetIsolate(orphanDirectory, isolate.pid)
      if (reason !== 'early_drop' && reason !== 'shutdown') {
        log(`${isolate.function}: isolate ${isolate.pid} ended: ${reason}`)
      }
    },
  })
  const workers = { server: servers.target, database, log }
  const net = startNetWorker({ ...workers, faults: options.faults ?? {} })
  const cron = startCronWorker(workers)
  return {
    url,
    database,
    databaseUrl,
    directory,
    servers,
    keys: { publishable: keys.publishable, secret: keys.secret },
    signToken: (claims, tokenOptions) => signToken(keys, url, claims, tokenOptions),
    setSecret: (name, value) => {
      setSecret(name, value)
      gateway.pool.retireAll()
    },
    isolates: () =>
      gateway.pool.living().map((isolate) => ({
        pid: isolate.pid,
        function: isolate.function,
        startedAt: isolate.startedAt,
      })),
    stats: () => ({
      invocations: gateway.invocations(),
      kills: gateway.pool.ends(),
      isolates: reports.map((report) => report()),
    }),
    functionLines: () => functionLog.lines(),
    net,
    cron,
    stop: async () => {
      await Promise.all([net.stop(), cron.stop()])
      await gateway.close()
      await functionLog.close()
      memory.keep({ port })
      release()
    },
  }
}

function refuseReserved(name: string): void {
  if (!name.startsWith('SUPABASE_')) return
  throw new FerryError({
    code: 'secret_reserved',
    message: 'The names of secrets do not begin with SUPABASE_: the platform sets those.',
    hint: 'Choose another name.',
    status: 400,
    context: { name },
  })
}

interface Remembered {
  readonly port?: number
  readonly socketDirectory?: string
}

/** What the next run of the same project should know: its port, and the socket folder to remove. */
function openMemory(file: string) {
  const recall = (): Remembered => {
    try {
      return JSON.parse(readFileSync(file, 'utf8')) as Remembered
    } catch {
      return {}
    }
  }
  return {
    recall,
    keep: (next: Remembered) => {
      const { socketDirectory: old } = recall()
      // Only a folder of our own naming is ever removed, whatever the file says.
      if (old && basename(old).startsWith(SOCKET_PREFIX)) {
        rmSync(old, { recursive: true, force: true })
      }
      writeFileSync(file, JSON.stringify(next))
    },
  }
}
