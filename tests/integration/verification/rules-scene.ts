/** Rows that were moved by a plan, and what the checks of the target take to look at them. */
import { afterAll } from 'vitest'
import { checkPlan } from '../../../shared/plan/check.ts'
import { parsePlan } from '../../../shared/plan/schema.ts'
import type { CompiledEntity, KeyRange } from '../../../shared/projection/entity.ts'
import { rowCondition } from '../../../shared/projection/range.ts'
import { openSource } from '../../../shared/source/connect.ts'
import { openTarget } from '../../../shared/target/connect.ts'
import type { TargetRows } from '../../../shared/verification/offenders.ts'
import { openComparison } from '../../../shared/verification/rows/comparison.ts'
import { type Side, sourceSide, targetSide } from '../../../shared/verification/side.ts'
import { attachServers } from '../../support/project.ts'
import { runScript } from '../../support/psql-script.ts'
import { type Scratch, scratchDatabase } from '../../support/scratch.ts'
import { copyAll } from '../source/whole-copy.ts'

export interface RulesScene {
  readonly source: Scratch
  readonly target: Scratch
  readonly sides: { readonly source: Side; readonly target: Side }
  entity(name: string): CompiledEntity
  /** Rows of a range in the target; all of them where none is given. */
  rows(name: string, range?: KeyRange): Promise<TargetRows>
}

/** Call it at the top level of a test file: it cleans up after the last test. */
export async function rulesScene(script: string, plan: object): Promise<RulesScene> {
  const servers = attachServers()
  const source = await scratchDatabase(servers.source.url('postgres'))
  const target = await scratchDatabase(servers.target.url('postgres', servers.target.superuser))
  const from = openSource(plain(source.url))
  const to = openTarget(plain(target.url))
  afterAll(async () => {
    await Promise.all([from.close(), to.end()])
    await Promise.all([source.drop(), target.drop()])
  })
  await runScript(source.url, script)
  await target.sql`create schema extensions`
  await target.sql`create extension citext schema extensions`
  await copyAll({ source: source.url, target: target.url, plan, rows: 1000 })
  const json = { version: 1, name: 'test', source: { secret: 'LEGACY' }, entities: '*', ...plan }
  const parsed = parsePlan(json)
  if (parsed.plan === undefined) throw new Error(JSON.stringify(parsed.problems))
  const { entities } = checkPlan(parsed.plan, await from.catalog(parsed.plan.source.schemas))
  const sides = { source: sourceSide(from), target: targetSide(to) }
  const entity = (name: string) => {
    const found = entities.find((each) => each.entity_name === name)
    if (found === undefined) throw new Error(`nothing is called ${name}`)
    return found.definition
  }
  return {
    source,
    target,
    sides,
    entity,
    async rows(name, range) {
      const { target: compared } = await openComparison(sides, entity(name), 'full')
      const where = range === undefined ? '' : rowCondition(compared.entity, range)
      return { target: sides.target, table: compared.entity, where, now: () => performance.now() }
    },
  }
}

/** The servers of the tests speak no TLS. */
function plain(address: string): string {
  const url = new URL(address)
  url.searchParams.set('sslmode', 'disable')
  return url.href
}
