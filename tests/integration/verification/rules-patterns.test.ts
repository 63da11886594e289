/** A pattern that the target does not understand is a problem of the plan, before anything begins. */
import { afterAll, describe, expect, it } from 'vitest'
import { patternProblems } from '../../../shared/plan/patterns.ts'
import { parsePlan } from '../../../shared/plan/schema.ts'
import { openTarget } from '../../../shared/target/connect.ts'
import { targetSide } from '../../../shared/verification/side.ts'
import { attachServers } from '../../support/project.ts'

// The servers of the tests speak no TLS.
const address = new URL(attachServers().target.url('postgres'))
address.searchParams.set('sslmode', 'disable')
const sql = openTarget(address.href)
afterAll(() => sql.end())
const { query: ask } = targetSide(sql)

function planOf(...patterns: readonly string[]) {
  const rules = patterns.map((pattern) => ({ rule: 'pattern', column: 'c', pattern }))
  const { plan, problems } = parsePlan({
    version: 1,
    name: 'x',
    source: { secret: 'S' },
    entities: ['public.a', { source: 'public.b', rules }],
  })
  if (plan === undefined) throw new Error(JSON.stringify(problems))
  return plan
}

describe('patterns', () => {
  it('that compile are no problem', async () => {
    const fine = planOf('^a+$', "it's \\d{2}", '***=([', '(?i)^[[:alpha:]]*$', '\\\\', '-- /*')
    expect(await patternProblems(fine, ask)).toEqual([])
    expect(await patternProblems(planOf(), ask)).toEqual([])
  })

  it.each(['(', '[a', 'a{2,1}', '*a**', '\\', '[[:nothing:]]', 'a{300}'])(
    '%j is a problem with its path',
    async (pattern) => {
      const problems = await patternProblems(planOf('^fine$', pattern, 'fine', pattern), ask)
      expect(problems.map(({ code, path }) => [code, path])).toEqual([
        ['rule_pattern_invalid', 'entities[1].rules[1].pattern'],
        ['rule_pattern_invalid', 'entities[1].rules[3].pattern'],
      ])
    },
  )

  it('that nobody can be asked about are an error', async () => {
    const nobody = openTarget('postgres://nobody@127.0.0.1:1/nothing?sslmode=disable')
    await expect(patternProblems(planOf('a'), targetSide(nobody).query)).rejects.toMatchObject({
      code: 'target_unreachable',
    })
    await nobody.end()
  })
})
