/**
 * A project for one test file: the template cloned, a fresh legacy database, gateway and workers. Requests
 * of pg_net are duplicated, delayed and dropped by default, because the real ones are.
 *
 * Call it at the top level of a test file: `const fixture = await testProject()`. It cleans up after the
 * file's last test.
 */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, inject } from 'vitest'
import {
  cloneDatabase,
  dropDatabase,
  ensureDatabase,
  type NetFaults,
  openProject,
  type Project,
  type ProjectOptions,
  type Server,
  type Servers,
  startServers,
} from '../../scripts/local/index.ts'
import { serverUrl } from '../../scripts/local/postgres/server.ts'
import { prepareTemplate, SETTINGS, type ServerAddress, TEMPLATE } from './servers.ts'

export const DEFAULT_FAULTS: NetFaults = {
  duplicate: 0.2,
  drop: 0.05,
  delay: { probability: 0.5, maxMilliseconds: 300 },
}

type Passed = 'secrets' | 'faults' | 'limits' | 'functionsDirectory' | 'configFile' | 'deno' | 'log'

export interface TestProjectOptions extends Pick<ProjectOptions, Passed> {
  /**
   * Servers for this file alone, about three seconds more: for tests that restart one. The servers of the
   * run are shared by all files and cannot be restarted.
   */
  readonly ownServers?: boolean
}

export interface TestFixture {
  readonly project: Project
  readonly servers: Servers
  /** The target database, as `postgres`. */
  readonly targetUrl: string
  /** A fresh legacy database, as its owner. */
  readonly sourceUrl: string
  /** The same, as a role that can only read: what functions know as LEGACY_DATABASE_URL. */
  readonly readerUrl: string
}

export async function testProject(options: TestProjectOptions = {}): Promise<TestFixture> {
  const { ownServers, ...passed } = options
  const servers = ownServers ? await startOwnServers() : attachServers()
  const name = `test_${randomBytes(5).toString('hex')}`
  const legacy = `${name}_legacy`
  await Promise.all([
    cloneDatabase(servers.target, TEMPLATE, name),
    ensureDatabase(servers.source, legacy),
  ])
  const readerUrl = servers.source.url(legacy, 'legacy_reader')
  const project = await openProject({
    faults: DEFAULT_FAULTS,
    ...passed,
    servers,
    database: name,
    secrets: { LEGACY_DATABASE_URL: readerUrl, ...passed.secrets },
  })
  afterAll(async () => {
    await project.stop()
    await Promise.all([dropDatabase(servers.target, name), dropDatabase(servers.source, legacy)])
    await servers.stop()
    rmSync(project.directory, { recursive: true, force: true })
  })
  return {
    project,
    servers,
    targetUrl: project.databaseUrl,
    sourceUrl: servers.source.url(legacy),
    readerUrl,
  }
}

/** The servers of the run, which its main process owns. */
export function attachServers(): Servers {
  const { directory, target, source } = inject('servers')
  return {
    directory,
    target: attach(target),
    source: attach(source),
    stop: () => Promise.resolve(),
  }
}

/** Servers that this file may restart, with a template of their own. */
export async function startOwnServers(): Promise<Servers> {
  const directory = mkdtempSync(join(tmpdir(), 'ferry-test-'))
  const servers = await startServers({ directory, settings: SETTINGS })
  await prepareTemplate(servers.target)
  return {
    ...servers,
    stop: async () => {
      await servers.stop()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

function attach(address: ServerAddress): Server {
  const refuse = () =>
    Promise.reject(
      new Error('All test files share this server: use testProject({ ownServers: true })'),
    )
  return {
    ...address,
    get pid() {
      const text = readFileSync(join(address.dataDirectory, 'postmaster.pid'), 'utf8')
      return Number(text.split('\n')[0])
    },
    url: (database, role) => serverUrl(address.port, database, role),
    restart: refuse,
    stop: refuse,
  }
}
