/** A migrated database of its own for a test file that needs no function: no gateway, no worker. */
import { randomBytes } from 'node:crypto'
import { cloneDatabase, dropDatabase } from '../../scripts/local/index.ts'
import { attachServers } from './project.ts'
import { TEMPLATE } from './servers.ts'

export interface TestDatabase {
  /** As the role `postgres`. */
  readonly url: string
  drop(): Promise<void>
}

export async function testDatabase(): Promise<TestDatabase> {
  const { target } = attachServers()
  const name = `test_${randomBytes(5).toString('hex')}`
  await cloneDatabase(target, TEMPLATE, name)
  return { url: target.url(name), drop: () => dropDatabase(target, name) }
}
