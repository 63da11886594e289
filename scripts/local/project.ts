/**
 * One embedded project: a database of the target server, the gateway with its functions, and the workers
 * of pg_net and pg_cron bound to that database.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { FunctionLine } from './gateway/function-log.ts'
import { type IsolateReport, openFunctionHost } from './gateway/host.ts'
import { signToken, type TokenClaims, type TokenOptions } from './gateway/keys.ts'
import type { IsolateLimits } from './gateway/limits.ts'
import { CONFIG_FILE, FUNCTIONS_DIRECTORY } from './paths.ts'
import { takeLock } from './processes/lock.ts'
import type { Servers } from './servers.ts'
import { CronWorker } from './workers/cron/worker.ts'
import type { NetFaults } from './workers/net/faults.ts'
import { NetWorker } from './workers/net/worker.ts'

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
   * Sets a function secret. Running isolates finish and are replaced, so that the next request sees it; resolves
   * when none that has the former value is left, however long that takes.
   * @throws FerryError `secret_reserved` for a name that begins with SUPABASE_
   */
  setSecret(name: string, value: string): Promise<void>
  /** Living isolates. */
  isolates(): readonly { pid: number; function: string; startedAt: number }[]
  stats(): {
    readonly invocations: number
    /** How many isolates ended for each reason. */
    readonly kills: Readonly<Record<string, number>>
    /** The last 500 isolates, oldest first. */
    readonly isolates: readonly IsolateReport[]
  }
  /** The last lines that functions printed, oldest first. */
  functionLines(): readonly FunctionLine[]
  readonly net: NetWorker
  readonly cron: CronWorker
  /** Ends workers, isolates and gateway; the database stays. */
  stop(): Promise<void>
}

/**
 * Opens a project. Its directory belongs to one process at a time.
 * @throws FerryError `already_running`, `config_invalid`, `platform_unsupported`, `secret_reserved`
 */
export async function openProject(options: ProjectOptions): Promise<Project> {
  const { servers, database } = options
  const directory = options.directory ?? join(servers.directory, 'projects', database)
  mkdirSync(directory, { recursive: true })
  const release = takeLock(join(directory, 'project.lock'))
  try {
    return await open(options, directory, release)
  } catch (error) {
    release()
    throw error
  }
}

async function open(
  options: ProjectOptions,
  directory: string,
  release: () => void,
): Promise<Project> {
  const { servers, database, log = () => {} } = options
  const databaseUrl = servers.target.url(database)
  const { onFunctionLine } = options
  const host = await openFunctionHost({
    directory,
    databaseUrl,
    log,
    cacheDirectory: join(servers.directory, 'deno'),
    functionsDirectory: options.functionsDirectory ?? FUNCTIONS_DIRECTORY,
    configFile: options.configFile ?? CONFIG_FILE,
    secrets: options.secrets ?? {},
    limits: options.limits ?? {},
    deno: options.deno ?? 'deno',
    ...(onFunctionLine ? { onFunctionLine } : {}),
  })
  const { url, keys } = host
  const workers = { server: servers.target, database, log }
  const net = new NetWorker({ ...workers, faults: options.faults ?? {} })
  const cron = new CronWorker(workers)
  return {
    url,
    database,
    databaseUrl,
    directory,
    servers,
    keys: { publishable: keys.publishable, secret: keys.secret },
    signToken: (claims, tokenOptions) => signToken(keys, url, claims, tokenOptions),
    setSecret: host.setSecret,
    isolates: () =>
      host
        .living()
        .map(({ pid, function: name, startedAt }) => ({ pid, function: name, startedAt })),
    stats: () => ({
      invocations: host.invocations(),
      kills: host.ends(),
      isolates: host.reports(),
    }),
    functionLines: host.lines,
    net,
    cron,
    stop: async () => {
      await Promise.all([net.stop(), cron.stop()])
      await host.close()
      release()
    },
  }
}
