/**
 * The two PostgreSQL servers of the embedded project: the target with a hosted project's look, and a
 * legacy source. One directory holds both, and one process at a time owns it.
 */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { installExtensions } from './extensions/install.ts'
import { giveTo, postgresAccount } from './postgres/account.ts'
import { findBinaries } from './postgres/binaries.ts'
import { ensureCluster, HOSTED_LOCALE, LEGACY_LOCALE } from './postgres/cluster.ts'
import { stopOrphan } from './postgres/orphan.ts'
import { ensureLegacyRoles, ensureRoles } from './postgres/roles.ts'
import { type Server, startServer } from './postgres/server.ts'
import { freePort } from './processes/free-port.ts'
import { takeLock } from './processes/lock.ts'

export interface ServersOptions {
  /** Holds both data directories, logs and the lock; made where it is missing, kept between runs. */
  readonly directory: string
  readonly log?: (line: string) => void
  /** PostgreSQL settings for both servers, over the defaults; tests turn `fsync` off here. */
  readonly settings?: Readonly<Record<string, string>>
}

export interface Servers {
  readonly directory: string
  /** With a hosted project's roles and extensions. */
  readonly target: Server
  /** A plain PostgreSQL with legacy data. */
  readonly source: Server
  /** Stops both and lets go of the directory. */
  stop(): Promise<void>
}

const SOCKET_PREFIX = 'ferry-pg-'
const DEFAULT_SETTINGS = {
  wal_level: 'logical',
  max_connections: '200',
  max_wal_senders: '10',
  fsync: 'on',
  shared_buffers: '128MB',
  max_wal_size: '2GB',
  shared_preload_libraries: 'pg_stat_statements',
  log_line_prefix: '%m [%p] %q%u@%d ',
  timezone: 'UTC',
}

/**
 * Starts both servers, made on first use, each on a free port (the earlier run's where it is still free).
 * A server that a killed run left behind is stopped first. A server that dies is started again.
 * @throws FerryError `already_running`, `server_failed`, `initdb_failed`, `platform_unsupported`
 */
export async function startServers(options: ServersOptions): Promise<Servers> {
  const { directory, log = () => {} } = options
  mkdirSync(directory, { recursive: true })
  const release = takeLock(join(directory, 'servers.lock'))
  try {
    installExtensions(findBinaries().extensionDirectory)
    const [target, source] = await startBoth([
      () => startOne(options, 'target', 'supabase_admin', HOSTED_LOCALE),
      () => startOne(options, 'source', 'postgres', LEGACY_LOCALE),
    ])
    const stop = async () => {
      await Promise.all([target.stop(), source.stop()])
      for (const server of [target, source]) {
        removeSocketDirectory(server.socketDirectory)
      }
      release()
    }
    try {
      await Promise.all([ensureRoles(target), ensureLegacyRoles(source)])
    } catch (error) {
      await stop()
      throw error
    }
    log(`PostgreSQL: target on port ${target.port}, source on port ${source.port}`)
    return { directory, target, source, stop }
  } catch (error) {
    release()
    throw error
  }
}

/** Both or none: where one fails, the other does not stay behind. */
async function startBoth(
  starts: readonly [() => Promise<Server>, () => Promise<Server>],
): Promise<[Server, Server]> {
  const results = await Promise.allSettled(starts.map((start) => start()))
  const failed = results.find((result) => result.status === 'rejected')
  const servers = results.flatMap((result) => (result.status === 'fulfilled' ? result.value : []))
  if (failed) {
    await Promise.all(servers.map((server) => server.stop()))
    throw failed.reason
  }
  return servers as [Server, Server]
}

interface Remembered {
  readonly port?: number
  readonly socketDirectory?: string
}

async function startOne(
  options: ServersOptions,
  name: string,
  superuser: string,
  locale: readonly string[],
): Promise<Server> {
  const { log = () => {} } = options
  const folder = join(options.directory, name)
  mkdirSync(folder, { recursive: true })
  const dataDirectory = join(folder, 'data')
  const memory = join(folder, 'server.json')
  const binaries = findBinaries()
  const account = postgresAccount()
  const remembered = recall(memory)
  await ensureCluster({ binaries, account, dataDirectory, superuser, locale })
  await stopOrphan(dataDirectory, log)
  removeSocketDirectory(remembered.socketDirectory)
  // Not below our own folder: the path of a socket may have about 100 characters.
  const socketDirectory = mkdtempSync(join(tmpdir(), SOCKET_PREFIX))
  chmodSync(socketDirectory, 0o700)
  giveTo(account, socketDirectory)
  const server = await startServer({
    binaries,
    account,
    dataDirectory,
    superuser,
    socketDirectory,
    logFile: join(folder, 'server.log'),
    port: await freePort(remembered.port),
    settings: { ...DEFAULT_SETTINGS, ...options.settings },
    log: (line) => log(`${name}: ${line}`),
  })
  writeFileSync(memory, JSON.stringify({ port: server.port, socketDirectory }))
  return server
}

/** Only a folder of our own naming is ever removed, whatever the remembered path says. */
function removeSocketDirectory(path: string | undefined): void {
  if (path && basename(path).startsWith(SOCKET_PREFIX)) {
    rmSync(path, { recursive: true, force: true })
  }
}

function recall(file: string): Remembered {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Remembered
  } catch {
    return {}
  }
}
