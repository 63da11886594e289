import { describe, expect, it } from 'vitest'
import { compilePlan } from '../../../shared/plan/compile.ts'
import { parsePlan } from '../../../shared/plan/schema.ts'
import type { TargetColumn } from '../../../shared/schema/target-state.ts'
import { state, there } from './mapping-plan.ts'
import { asked, orders, source } from './sync-table.ts'

const path = 'entities[0].sync.mark'
const entity = { columns: ['id', 'name'] }
const withZone = 'timestamp with time zone'
const marked = (type: string | Partial<TargetColumn>, mark = 'gone') =>
  asked(
    { deletes: 'mark', mark },
    { entity, state: state(there('orders', { id: 'bigint', name: 'text', gone: type })) },
  )

describe('the mark of rows that are gone', () => {
  it.each<[string | Partial<TargetColumn>, string]>([
    [withZone, 'timestamptz'],
    ['timestamp(3) with time zone', 'timestamptz'],
    ['timestamp without time zone', 'timestamp'],
    ['boolean', 'boolean'],
    [{ type: 'boolean', not_null: true }, 'boolean'],
    [{ type: 'public.stamp', base: { type: withZone, is_builtin: true } }, 'timestamptz'],
  ])('is a column of the target: %j', (type, kind) => {
    expect(marked(type)).toMatchObject({
      problems: [],
      sync: { deletes: 'mark', mark: { column: 'gone', type: kind } },
    })
  })

  it.each<[string | Partial<TargetColumn>, string]>([
    ['date', 'mark_column_type'],
    ['boolean[]', 'mark_column_type'],
    [{ type: withZone, not_null: true }, 'mark_column_type'],
    [{ type: withZone, generated: true }, 'mark_column_generated'],
  ])('is not any column: %j', (type, code) => {
    expect(marked(type).problems).toEqual([`${code} ${path}`])
  })

  it('is there, and not what the plan writes', () => {
    expect(marked(withZone, 'went').problems).toEqual([`mark_column_unknown ${path}`])
    expect(marked(withZone, 'name').problems).toEqual([`mark_column_written ${path}`])
    const mapped = asked(
      { deletes: 'mark', mark: 'x"; --' },
      {
        entity: { columns: { id: 'id', 'x"; --': 'name' } },
        state: state(there('orders', { id: 'bigint', 'x"; --': 'boolean' })),
      },
    )
    expect(mapped.problems).toContain(`mark_column_written ${path}`)
  })

  it('is not of a table that is made', () => {
    const { problems } = asked({ deletes: 'mark', mark: 'at' }, { entity, state: state() })
    expect(problems).toEqual([`mark_column_unknown ${path}`])
  })

  it('may have come to a table that was made, once the plan is mended', () => {
    const { plan } = parsePlan({
      version: 1,
      name: 'm',
      source: { secret: 'S' },
      sync: { deletes: 'mark' },
      entities: [{ source: 'public.orders', ...entity, sync: { mark: 'gone' } }],
    })
    const made = state(there('orders', { id: 'bigint', name: 'text', gone: withZone }))
    const { entities, problems } = compilePlan(plan!, source(), state(), made)
    expect(problems).toEqual([])
    const { mapping, sync } = entities[0]!.definition
    expect([mapping, sync!.mark?.column]).toEqual([undefined, 'gone'])
    expect(sync!.stage).toBeDefined()
  })

  it('is looked at where the target is', () => {
    expect(asked({ deletes: 'mark', mark: 'gone' }).problems).toEqual([])
  })

  it.each([
    [{ mark: 'gone' }, {}, `mark_unused ${path}`],
    [{ deletes: 'report', mark: 'gone' }, { deletes: 'mark' }, `mark_unused ${path}`],
    [{ deletes: 'mark' }, {}, `mark_column_missing ${path}`],
  ])('goes with its policy: %j', (sync, general, problem) => {
    expect(asked(sync, { general }).problems).toEqual([problem])
  })

  it('needs a key', () => {
    const at = { ...source(), tables: [{ ...orders, keys: [] }] }
    expect(asked({ deletes: 'mark', mark: 'gone' }, { at }).problems).toEqual([
      `mark_needs_key ${path}`,
    ])
  })
})

it('problems of one entity are told together', () => {
  const sync = { strategy: 'timestamp', column: 'local', mark: 'x' }
  expect(asked(sync).problems).toEqual([
    'sync_zone_missing entities[0].sync.zone',
    `mark_unused ${path}`,
  ])
})
