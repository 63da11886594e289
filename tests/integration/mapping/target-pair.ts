/** The target tables of a plan, made on a real server and left without rows. */
import { onTestFinished } from 'vitest'
import type { Note } from '../../../shared/plan/problem.ts'
import { openSource } from '../../../shared/source/connect.ts'
import type { Outcome } from '../../../shared/verification/outcome.ts'
import { attachServers } from '../../support/project.ts'
import { type Scratch, scratchDatabase } from '../../support/scratch.ts'
import { prepare } from '../source/whole-copy.ts'
import { plain, planOf, verifyPair } from '../verification/schema-pair.ts'

export interface MadeTarget {
  readonly target: Scratch
  readonly notes: readonly Note[]
  /** @param existed tables that the target had before, as `schema.table` */
  verify(existed?: readonly string[]): Promise<Outcome>
}

/**
 * @param load fills the source
 * @param there statements for the target beforehand
 */
export async function madeTarget(
  load: (address: string) => Promise<unknown>,
  plan: object,
  there = '',
): Promise<MadeTarget> {
  const servers = attachServers()
  const source = await scratchDatabase(servers.source.url('postgres'))
  const target = await scratchDatabase(servers.target.url('postgres', servers.target.superuser))
  const reader = openSource(plain(source.url))
  onTestFinished(async () => {
    await reader.close()
    await Promise.all([source.drop(), target.drop()])
  })
  await load(source.url)
  await target.sql.unsafe(there).simple()
  const { prepared, problems } = await prepare({ source: source.url, target: target.url, plan })
  if (prepared === undefined) throw new Error(JSON.stringify(problems, null, 2))
  for (const statement of prepared.ddl) await target.sql.unsafe(statement)
  const steps = prepared.entities.flatMap((entity) => entity.steps)
  for (const { statement } of steps.toSorted((a, b) => a.stage - b.stage)) {
    await target.sql.unsafe(statement)
  }
  return {
    target,
    notes: prepared.notes,
    verify: (existed = []) =>
      verifyPair(reader, target.url, planOf(plan), { existed: new Set(existed) }),
  }
}
