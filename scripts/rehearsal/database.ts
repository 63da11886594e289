/** A fresh embedded project's database, for as long as somebody works with it. */
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bootstrapTarget } from '../local/postgres/databases.ts'
import { type Servers, startServers } from '../local/servers.ts'

export interface FreshDatabase {
  /** Address as the role `postgres`, which is no superuser. */
  readonly url: string
  /** Stops the servers and removes their data. */
  stop(): Promise<void>
}

/** Boots a database that looks like a new hosted project: no migration is applied yet. */
export async function openFreshDatabase(): Promise<FreshDatabase> {
  const directory = await mkdtemp(join(tmpdir(), 'supaferry-fresh-'))
  let servers: Servers | undefined
  const stop = async () => {
    await servers?.stop()
    await rm(directory, { recursive: true, force: true })
  }
  try {
    // The servers may run under another account, which has to pass through here.
    await chmod(directory, 0o755)
    servers = await startServers({ directory, settings: { fsync: 'off' } })
    await bootstrapTarget(servers.target, 'postgres')
    return { url: servers.target.url('postgres'), stop }
  } catch (error) {
    await stop()
    throw error
  }
}
