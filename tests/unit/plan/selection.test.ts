import { describe, expect, it } from 'vitest'
import { parsePlan } from '../../../shared/plan/schema.ts'
import { selectEntities } from '../../../shared/plan/selection.ts'
import { catalog, table } from './catalog.ts'

const source = catalog(
  ['users', 'user_groups', 'orders', 'django_session', 'Odd.Name'].map((name) => table(name)),
)

function select(more: object) {
  const { plan } = parsePlan({
    version: 1,
    name: 'x',
    source: { secret: 'S' },
    entities: '*',
    ...more,
  })
  if (plan === undefined) throw new Error('the plan of the test is invalid')
  const { entities, problems, notes } = selectEntities(plan, source)
  return {
    pairs: entities.map(
      ({ table: { name }, target }) => `${name}>${target.schema}.${target.table}`,
    ),
    problems: problems.map(({ code, path }) => `${code} ${path}`),
    hints: problems.map(({ hint }) => hint),
    notes: notes.map(({ code, path }) => `${code} ${path}`),
  }
}

describe('selectEntities', () => {
  it('takes all, filtered by patterns, and says which pattern is useless', () => {
    const { pairs, notes } = select({
      include: ['public.user*', 'public.o*'],
      exclude: ['public.o*', 'x.*'],
    })
    expect(pairs).toEqual(['users>public.users', 'user_groups>public.user_groups'])
    expect(notes).toEqual(['pattern_unused exclude[1]'])
  })

  it('renames schemas and tables, a table before its schema', () => {
    const rename = {
      schemas: { public: 'clinic' },
      tables: { 'public.users': 'people', 'public.orders': 'shop.sales' },
    }
    expect(select({ rename, include: ['public.users', 'public.or*', 'public.dj*'] }).pairs).toEqual(
      ['users>clinic.people', 'orders>shop.sales', 'django_session>clinic.django_session'],
    )
  })

  it('takes a list, with quoted parts', () => {
    const entities = ['public."Odd.Name"', { source: 'public.users', target: 'a.b' }]
    expect(select({ entities }).pairs).toEqual(['Odd.Name>public.Odd.Name', 'users>a.b'])
  })

  it('names near tables for an unknown one, with its path', () => {
    const { problems, hints } = select({
      entities: ['public.user', { source: 'public.Orders' }, 'other.t'],
    })
    expect(problems).toEqual([
      'table_unknown entities[0]',
      'table_unknown entities[1].source',
      'table_unknown entities[2]',
    ])
    expect(hints[0]).toContain('public.users')
    expect(hints[1]).toContain('public.orders')
    expect(hints[2]).toContain('source.schemas')
  })

  it.each([
    [{ entities: ['public.users', 'public.users'] }, 'entity_duplicate entities[1]'],
    [{ entities: ['public.users'], include: ['*'] }, 'pattern_without_all include'],
    [{ rename: { tables: { 'public.users': 'orders' } } }, 'target_collision entities'],
    [{ rename: { tables: { 'public.nope': 'x' } } }, 'table_unknown rename.tables["public.nope"]'],
    [{ rename: { schemas: { nope: 'x' } } }, 'schema_unknown rename.schemas.nope'],
    [
      { entities: [{ source: 'public.users', target: 'migration.x' }] },
      'target_schema_reserved entities[0]',
    ],
    [
      { entities: [{ source: 'public.users', target: `p.${'ü'.repeat(32)}` }] },
      'name_too_long entities[0]',
    ],
    [{ include: ['nothing.*'] }, 'selection_empty entities'],
  ])('refuses %j', (more, problem) => {
    expect(select(more).problems).toEqual([problem])
  })
})
