import { describe, expect, it } from 'vitest'
import { compilePlan } from '../../../shared/plan/compile.ts'
import { parsePlan } from '../../../shared/plan/schema.ts'
import { mendProblems, stateAtBeginning } from '../../../shared/start/mend.ts'
import { catalog, column, table } from '../plan/catalog.ts'
import { state, there, told } from '../plan/mapping-plan.ts'

const source = catalog([
  table('a', { columns: [column('id'), column('name', { type: 'text', type_oid: '25' })] }),
])

/** What is said about a mended plan for a migration that has moved a table. */
function mended(
  more: object,
  columns: Readonly<Record<string, string>>,
  { existed = [] as readonly string[], was = {} } = {},
) {
  const written = { version: 1, name: 'm', source: { secret: 'S' }, entities: '*' }
  const { plan } = parsePlan({ ...written, ...more })
  const now = state(there('a', columns))
  const begun = { plan: { ...written, ...was }, existed }
  const { entities, problems } = compilePlan(plan!, source, stateAtBeginning(now, begun), now)
  const { definition } = entities[0]!
  return { told: told([...problems, ...mendProblems(plan!, begun, entities, now)]), definition }
}

describe('a mended plan', () => {
  it('can begin to keep plain tables in step', () => {
    const { told, definition } = mended({ sync: {} }, { id: 'integer', name: 'text' })
    expect(told).toEqual([])
    expect(definition.mapping).toBeUndefined()
    expect(definition.sync).toMatchObject({
      strategy: 'hash',
      stage: { mapping: { columns: ['id', 'name'], conflict: 'fail' } },
    })
  })

  it('stages a table that was there before by its own mapping', () => {
    const known = { id: 'integer', name: 'text' }
    const { told, definition } = mended({ sync: {} }, known, { existed: ['public.a'] })
    expect(told).toEqual([])
    expect([definition.mapping?.columns, definition.sync?.stage]).toEqual([
      ['id', 'name'],
      undefined,
    ])
  })

  it.each([
    ['a column that the target has not', { id: 'integer' }, 'target_column_missing entities'],
    ['another type', { id: 'bigint', name: 'text' }, 'target_type_differs entities'],
  ])('cannot write %s any more', (_what, columns, problem) => {
    expect(mended({ sync: {} }, columns).told).toEqual([problem])
    // What is moved once is not written again.
    expect(mended({}, columns).told).toEqual([])
  })

  it('goes on to say how tables are kept in step', () => {
    const known = { id: 'integer', name: 'text' }
    expect(mended({}, known, { was: { sync: {} } }).told).toEqual(['sync_removed sync'])
    expect(mended({ sync: {} }, known, { was: { sync: {} } }).told).toEqual([])
  })
})
