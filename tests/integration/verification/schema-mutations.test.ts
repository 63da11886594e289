/** Every single change of a schema that was moved is found, and named; nothing else is said. */
import postgres from 'postgres'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { cloneDatabase, dropDatabase } from '../../../scripts/local/index.ts'
import type { Finding } from '../../../shared/verification/outcome.ts'
import { attachServers } from '../../support/project.ts'
import { runScript } from '../../support/psql-script.ts'
import { MUTATIONS, SHOP } from './schema-mutations.ts'
import { movedPair, type Pair } from './schema-pair.ts'

let pair: Pair
beforeAll(async () => {
  pair = await movedPair((address) => runScript(address, SHOP))
  // A database with connections cannot be cloned.
  await pair.target.sql.end()
})
afterAll(() => pair?.drop())

const named = ({ severity, detail, object }: Finding) =>
  `${severity === 'warning' ? '! ' : ''}${detail?.code} ${object}`

it('no change, no finding', async () => {
  expect((await pair.verify()).findings).toEqual([])
})

it.each(MUTATIONS)('%s', async (statement, expected) => {
  const { target } = attachServers()
  const clone = `${pair.target.name}_m`
  await cloneDatabase(target, pair.target.name, clone)
  try {
    const url = target.url(clone, target.superuser)
    const sql = postgres(url, { max: 1, onnotice: () => undefined })
    await sql.unsafe(statement).simple()
    await sql.end()
    const { findings, results } = await pair.verify({ as: url })
    expect(findings.map(named).sort()).toEqual([...expected].sort())
    for (const { entity, issues, validated, status } of results) {
      const own = findings.filter((finding) => finding.entity === entity)
      const failed = own.some(({ severity }) => severity === 'failed')
      expect(issues).toBe(own.length)
      expect(validated).toBeGreaterThanOrEqual(issues)
      expect(status).toBe(failed ? 'failed' : own.length > 0 ? 'warning' : 'passed')
    }
  } finally {
    await dropDatabase(target, clone)
  }
})
