/** Two databases of which one was made of the other, and the check of the schema between them. */
import type { Sql } from 'postgres'
import { onTestFinished } from 'vitest'
import { type Plan, parsePlan } from '../../../shared/plan/schema.ts'
import { openSource } from '../../../shared/source/connect.ts'
import type { Source } from '../../../shared/source/source.ts'
import { openTarget } from '../../../shared/target/connect.ts'
import type { Outcome } from '../../../shared/verification/outcome.ts'
import { verifySchema } from '../../../shared/verification/schema/verify-schema.ts'
import { attachServers } from '../../support/project.ts'
import { type Scratch, scratchDatabase } from '../../support/scratch.ts'
import { copyAll } from '../source/whole-copy.ts'

export interface Pair {
  readonly source: Scratch
  readonly target: Scratch
  verify(options?: {
    readonly existed?: ReadonlySet<string>
    readonly as?: string
  }): Promise<Outcome>
  drop(): Promise<void>
}

/**
 * Fills a source and moves it to a database on another server.
 * @param prepare statements for the target beforehand
 */
export async function movedPair(
  load: (address: string) => Promise<unknown>,
  more: object = {},
  prepare = '',
): Promise<Pair> {
  const servers = attachServers()
  const source = await scratchDatabase(servers.source.url('postgres'))
  const target = await scratchDatabase(servers.target.url('postgres', servers.target.superuser))
  const reader = openSource(plain(source.url))
  const drop = async () => {
    await reader.close()
    await Promise.all([source.drop(), target.drop()])
  }
  try {
    await load(source.url)
    await target.sql.unsafe(prepare).simple()
    await copyAll({ source: source.url, target: target.url, plan: more, rows: 100_000 })
  } catch (error) {
    await drop()
    throw error
  }
  const plan = planOf(more)
  return {
    source,
    target,
    verify: ({ existed, as } = {}) =>
      verifyPair(reader, as ?? target.url, plan, existed === undefined ? {} : { existed }),
    drop,
  }
}

/** The same for one test. */
export async function migratedPair(
  load: (address: string) => Promise<unknown>,
  more: object = {},
  prepare = '',
): Promise<Pair> {
  const pair = await movedPair(load, more, prepare)
  onTestFinished(() => pair.drop())
  return pair
}

/** @param to address of what was made of the source */
export async function verifyPair(
  source: Source,
  to: string,
  plan: Plan = planOf({}),
  options: { readonly existed?: ReadonlySet<string> } = {},
): Promise<Outcome> {
  const target: Sql = openTarget(plain(to))
  try {
    return await verifySchema({ source, target, plan, ...options })
  } finally {
    await target.end()
  }
}

export function planOf(more: object): Plan {
  const json = { version: 1, name: 'test', source: { secret: 'LEGACY' }, entities: '*', ...more }
  const { plan, problems } = parsePlan(json)
  if (plan === undefined) throw new Error(JSON.stringify(problems))
  return plan
}

/** The servers of the tests speak no TLS. */
export function plain(address: string): string {
  const url = new URL(address)
  url.searchParams.set('sslmode', 'disable')
  return url.href
}
