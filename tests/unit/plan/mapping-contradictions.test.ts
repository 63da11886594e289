/** Plans that no row could make come out well. */
import { expect, it } from 'vitest'
import { catalog, column, table } from './catalog.ts'
import { entity, source } from './mapped-table.ts'
import { compile, referring, state, there, told } from './mapping-plan.ts'

it('a reference that becomes null late needs a column that can be null', () => {
  const own = referring(
    table('a', { columns: [column('id'), column('up', { not_null: false })] }),
    {
      up: 'a.id',
    },
  )
  const given = (missing: string, not_null: boolean) =>
    told(
      compile(
        {
          entities: [
            {
              source: 'public.a',
              id: { strategy: 'uuid' },
              columns: { x: { op: 'reference', to: 'public.a', of: 'up', missing } },
            },
          ],
        },
        catalog([own]),
        state(there('a', { id: 'uuid', x: { type: 'uuid', not_null } })),
      ).problems,
    )
  expect(given('null', true)).toEqual(['reference_null_required entities[0].columns.x'])
  expect(given('null', false)).toEqual([])
  expect(given('reject', true)).toEqual([])
})

it('the last row wins over rows of the target only where ids tell them apart', () => {
  const given = (
    more: object,
    target = state(there('a', { nr: 'integer', name: 'text', id: 'uuid' })),
  ) =>
    told(
      compile(
        entity({
          columns: { nr: 'nr', name: 'name' },
          conflict: 'update',
          rules: [{ rule: 'unique', columns: ['name'], severity: 'reject', wins: 'last' }],
          ...more,
        }),
        source,
        target,
      ).problems,
    )
  expect(given({})).toEqual(['unique_last_mixed entities[0].conflict'])
  expect(given({ conflict: 'ignore' })).toEqual(['unique_last_mixed entities[0].conflict'])
  expect(given({ conflict: 'fail' })).toEqual([])
  expect(given({ id: { strategy: 'uuid' } })).toEqual([])
  expect(given({}, state())).toEqual([])
  const rules = [{ rule: 'unique', columns: ['name'], severity: 'reject' }]
  expect(given({ rules })).toEqual([])
})
