/** Two plain PostgreSQL servers of one release, with durable settings, kept between runs of the bench. */
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { giveTo, postgresAccount } from '../../scripts/local/postgres/account.ts'
import { findBinaries } from '../../scripts/local/postgres/binaries.ts'
import { ensureCluster, PASSWORD } from '../../scripts/local/postgres/cluster.ts'
import { type Server, startServer } from '../../scripts/local/postgres/server.ts'
import { freePort } from '../../scripts/local/processes/free-port.ts'
import { takeLock } from '../../scripts/local/processes/lock.ts'

/** 15: Debian's packages. 17: the embedded binaries, which bring no client programs. */
export type Release = 15 | 17

export interface BenchServers {
  readonly release: Release
  /** As the server prints it. */
  readonly version: string
  readonly source: Server
  readonly target: Server
  stop(): Promise<void>
}

/** The same for both servers; everything that is not named here is the release's default. */
export const SETTINGS: Readonly<Record<string, string>> = {
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  wal_level: 'replica',
  shared_buffers: '512MB',
  maintenance_work_mem: '256MB',
  max_wal_size: '8GB',
  max_connections: '100',
  autovacuum: 'on',
  timezone: 'UTC',
}

const debianDirectory = '/usr/lib/postgresql/15/bin'

/** Where a release's client programs are; undefined where it has none. */
export function clientPrograms(release: Release): string | undefined {
  return release === 15 && existsSync(join(debianDirectory, 'pg_dump'))
    ? debianDirectory
    : undefined
}

/** The release with client programs where it is installed, because most contenders need them. */
export function defaultRelease(): Release {
  return existsSync(join(debianDirectory, 'postgres')) ? 15 : 17
}

/** @param directory holds both data directories; one process at a time */
export async function startBenchServers(
  directory: string,
  release: Release,
  extra: Readonly<Record<string, string>> = {},
): Promise<BenchServers> {
  const home = join(directory, `postgres-${release}`)
  mkdirSync(home, { recursive: true })
  for (const folder of [directory, home]) chmodSync(folder, 0o755)
  const letGo = takeLock(join(home, 'servers.lock'))
  const started: Server[] = []
  const sockets: string[] = []
  const stop = async () => {
    await Promise.all(started.map((server) => server.stop()))
    for (const socket of sockets) rmSync(socket, { recursive: true, force: true })
    letGo()
  }
  try {
    for (const name of ['source', 'target']) {
      const socket = mkdtempSync(join(tmpdir(), 'ferry-bench-'))
      sockets.push(socket)
      giveTo(postgresAccount(), socket)
      started.push(await startOne(join(home, name), socket, release, extra))
    }
  } catch (error) {
    await stop()
    throw error
  }
  const [source, target] = started as [Server, Server]
  return { release, version: versionOf(release), source, target, stop }
}

async function startOne(
  folder: string,
  socketDirectory: string,
  release: Release,
  extra: Readonly<Record<string, string>>,
): Promise<Server> {
  mkdirSync(folder, { recursive: true })
  const account = postgresAccount()
  const binaries = binariesOf(release)
  const dataDirectory = join(folder, 'data')
  const superuser = 'postgres'
  await ensureCluster({ binaries, account, dataDirectory, superuser, locale: ['--locale=C'] })
  return startServer({
    binaries,
    account,
    dataDirectory,
    superuser,
    socketDirectory,
    logFile: join(folder, 'server.log'),
    port: await freePort(),
    settings: { ...SETTINGS, ...extra },
    log: (line) => process.stderr.write(`${line}\n`),
  })
}

function binariesOf(release: Release) {
  if (release === 17) return findBinaries()
  return {
    postgres: join(debianDirectory, 'postgres'),
    initdb: join(debianDirectory, 'initdb'),
    extensionDirectory: '',
  }
}

function versionOf(release: Release): string {
  return execFileSync(binariesOf(release).postgres, ['--version'], { encoding: 'utf8' }).trim()
}

/** What libpq programs need in their environment; the password is the embedded servers' public one. */
export const CLIENT_ENVIRONMENT = { PGPASSWORD: PASSWORD, PGSSLMODE: 'disable' }
