/** PostgreSQL 15 as Debian packages it, for tests of a legacy server of another release. */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { chmod } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { giveTo, postgresAccount } from '../../scripts/local/postgres/account.ts'
import { ensureCluster } from '../../scripts/local/postgres/cluster.ts'
import { ensureLegacyRoles } from '../../scripts/local/postgres/roles.ts'
import { type Server, startServer } from '../../scripts/local/postgres/server.ts'
import { freePort } from '../../scripts/local/processes/free-port.ts'
import { SETTINGS } from './servers.ts'

const folder = '/usr/lib/postgresql/15/bin'

/** Whether the release is on this machine: Debian keeps every release in a folder of its own. */
export function hasDebianServer(): boolean {
  return existsSync(join(folder, 'postgres')) && existsSync(join(folder, 'initdb'))
}

/** Starts one in a folder of its own, with the role `legacy_reader`; `stop` removes the folder. */
export async function startDebianServer(): Promise<Server> {
  const directory = mkdtempSync(join(tmpdir(), 'ferry-debian-15-'))
  await chmod(directory, 0o755)
  const account = postgresAccount()
  const socketDirectory = join(directory, 'socket')
  mkdirSync(socketDirectory)
  giveTo(account, socketDirectory)
  const dataDirectory = join(directory, 'data')
  const binaries = {
    postgres: join(folder, 'postgres'),
    initdb: join(folder, 'initdb'),
    extensionDirectory: '',
  }
  const superuser = 'postgres'
  await ensureCluster({ binaries, account, dataDirectory, superuser, locale: ['--locale=C.UTF-8'] })
  const server = await startServer({
    binaries,
    account,
    dataDirectory,
    superuser,
    socketDirectory,
    logFile: join(directory, 'server.log'),
    port: await freePort(),
    settings: SETTINGS,
    log: () => undefined,
  })
  await ensureLegacyRoles(server)
  const stop = async () => {
    await server.stop()
    rmSync(directory, { recursive: true, force: true })
  }
  return Object.create(server, { stop: { value: stop } }) as Server
}
