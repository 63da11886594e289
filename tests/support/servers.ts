/**
 * Started once per test run (vitest's globalSetup): two servers in a folder of their own with fsync off, and
 * a template database that has been bootstrapped and migrated by the real CLI. Test files reach them through
 * project.ts.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import {
  bootstrapTarget,
  migrateUp,
  type Server,
  sealTemplate,
  startServers,
} from '../../scripts/local/index.ts'

/** How a test file reaches a server that the run's main process owns. */
export type ServerAddress = Pick<
  Server,
  'port' | 'dataDirectory' | 'logFile' | 'socketDirectory' | 'superuser'
>

declare module 'vitest' {
  interface ProvidedContext {
    servers: { directory: string; target: ServerAddress; source: ServerAddress }
  }
}

/** Migrated, closed to connections, cloned for every test file. */
export const TEMPLATE = 'ferry_template'

/**
 * A test run's data need not survive a power cut, but it must survive a crash of the server: commits
 * that were acknowledged are in the system's cache at least.
 */
export const SETTINGS = {
  fsync: 'off',
  full_page_writes: 'off',
  max_prepared_transactions: '10',
  max_replication_slots: '100',
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const directory = mkdtempSync(join(tmpdir(), 'ferry-test-'))
  const log = process.env.FERRY_TEST_LOG ? console.log : () => {}
  const servers = await startServers({ directory, settings: SETTINGS, log })
  const teardown = async () => {
    await servers.stop()
    rmSync(directory, { recursive: true, force: true })
  }
  try {
    await prepareTemplate(servers.target)
  } catch (error) {
    await teardown()
    throw error
  }
  project.provide('servers', {
    directory,
    target: address(servers.target),
    source: address(servers.source),
  })
  return teardown
}

/** Bootstraps and migrates the template, and closes it to connections. */
export async function prepareTemplate(target: Server): Promise<void> {
  await bootstrapTarget(target, TEMPLATE)
  await migrateUp(target.url(TEMPLATE))
  await sealTemplate(target, TEMPLATE)
}

function address(server: Server): ServerAddress {
  const { port, dataDirectory, logFile, socketDirectory, superuser } = server
  return { port, dataDirectory, logFile, socketDirectory, superuser }
}
