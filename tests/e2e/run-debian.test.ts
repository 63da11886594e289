/** `ferry run` into a server that somebody else packaged: the system's own PostgreSQL, where there is one. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { chmod } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { postgresAccount } from '../../scripts/local/postgres/account.ts'
import { ensureCluster } from '../../scripts/local/postgres/cluster.ts'
import { type Server, startServer } from '../../scripts/local/postgres/server.ts'
import { freePort } from '../../scripts/local/processes/free-port.ts'
import { assertExactCopy } from '../support/oracle.ts'
import type { Scratch } from '../support/scratch.ts'
import { objectOf, run, startRun } from './run-command.ts'
import { emptyTarget, filledSource, midCopy, plan } from './run-scene.ts'

const binaries = systemBinaries()
if (!binaries) console.log('skipped: no PostgreSQL from 14 on in /usr/lib/postgresql')

describe.skipIf(!binaries)('a server of the system', () => {
  const directory = mkdtempSync(join(tmpdir(), 'ferry-debian-'))
  let server: Server
  let source: Scratch

  beforeAll(async () => {
    await chmod(directory, 0o777)
    ;[server, source] = await Promise.all([startSystemServer(directory), filledSource()])
  })
  afterAll(async () => {
    await Promise.all([server.stop(), source.drop()])
    rmSync(directory, { recursive: true, force: true })
  })

  test('is filled, though it crashes in mid-copy', async () => {
    const target = await emptyTarget(server.url('postgres'))
    const call = startRun({ source: source.url, target: target.url, plan })
    await midCopy(target)
    await server.restart('immediate')
    const ended = await call.ended
    expect(ended.code, ended.out + ended.err).toBe(0)
    expect(objectOf(ended)).toMatchObject({ status: 'completed' })
    await assertExactCopy({ source: source.url, target: target.url })
  })

  test('is copied from', async () => {
    const legacy = await filledSource(3000, server.url('postgres'))
    const target = await emptyTarget()
    const ended = await run({ source: legacy.url, target: target.url, plan })
    expect(ended.code, ended.out + ended.err).toBe(0)
    expect((await assertExactCopy({ source: legacy.url, target: target.url })).rows).toBe(3000)
    await legacy.drop()
  })
})

/** Debian keeps every release in a folder of its own. */
function systemBinaries(): string | undefined {
  try {
    const releases = readdirSync('/usr/lib/postgresql').map(Number)
    const newest = Math.max(...releases.filter((release) => release >= 14))
    return Number.isFinite(newest) ? `/usr/lib/postgresql/${newest}/bin` : undefined
  } catch {
    return undefined
  }
}

async function startSystemServer(directory: string): Promise<Server> {
  const account = postgresAccount()
  const dataDirectory = join(directory, 'data')
  const own = {
    postgres: join(binaries!, 'postgres'),
    initdb: join(binaries!, 'initdb'),
    extensionDirectory: '',
  }
  const superuser = 'postgres'
  await ensureCluster({ binaries: own, account, dataDirectory, superuser, locale: ['--locale=C'] })
  return startServer({
    binaries: own,
    account,
    dataDirectory,
    superuser,
    socketDirectory: directory,
    logFile: join(directory, 'server.log'),
    port: await freePort(),
    settings: { fsync: 'off', synchronous_commit: 'off', max_connections: '40' },
    log: () => undefined,
  })
}
