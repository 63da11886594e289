import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { zoneProblems } from '../../../shared/plan/patterns.ts'
import { parsePlan, planJsonSchema } from '../../../shared/plan/schema.ts'

const plan = { version: 1, name: 'm', source: { secret: 'S' } }
const found = (entity: object, more: object = {}) =>
  parsePlan({ ...plan, entities: [{ source: 'public.a', ...entity }], ...more }).problems.map(
    ({ code, path }) => `${code} ${path}`,
  )

describe('the mapping of an entity, as it is written', () => {
  it.each([
    { columns: ['id'], id: { strategy: 'uuid' } },
    { columns: { id: 'id', b: { op: 'column', name: 'b' } }, rest: 'copy' },
    { columns: { x: { op: 'json_object', of: { op: 'reference' } } } },
    { id: { strategy: 'lookup', column: 'x', by: { code: { op: 'lower', of: 'code' } } } },
    { type: 'patient', conflict: 'update', depends_on: ['public.b'], refusals: { rows: 0 } },
    { rules: [{ rule: 'length', column: 'a', max: 5, severity: 'reject' }] },
    { rules: [{ rule: 'type', column: 'a', type: 'numeric(10,2)' }] },
    { rules: [{ rule: 'unique', columns: ['a'], severity: 'reject', wins: 'last' }] },
  ])('%j is understood', (entity) => {
    expect(found(entity)).toEqual([])
  })

  it.each<[object, string]>([
    [{ columns: {}, rest: 'some' }, 'plan_value_invalid entities[0].rest'],
    [{ columns: { a: { op: 'sql', of: 'a' } } }, 'plan_value_invalid entities[0].columns.a.op'],
    [{ id: { strategy: 'serial' } }, 'plan_value_invalid entities[0].id.strategy'],
    [{ id: { strategy: 'lookup' } }, 'plan_value_invalid entities[0].id.by'],
    [{ id: { strategy: 'lookup', by: {} } }, 'plan_value_invalid entities[0].id.by'],
    [{ id: { strategy: 'uuid', by: { a: 'a' } } }, 'plan_value_invalid entities[0].id.by'],
    [{ conflict: 'replace' }, 'plan_value_invalid entities[0].conflict'],
    [{ depends_on: ['b'] }, 'plan_value_invalid entities[0].depends_on[0]'],
    [{ refusals: { share: 2 } }, 'plan_value_invalid entities[0].refusals.share'],
    [
      { rules: [{ rule: 'unique', columns: ['a'], wins: 'last' }] },
      'plan_value_invalid entities[0].rules[0].wins',
    ],
    [
      { rules: [{ rule: 'type', column: 'a', type: 'regclass' }] },
      'plan_value_invalid entities[0].rules[0].type',
    ],
    [{ rules: [{ rule: 'length', column: 'a' }] }, 'plan_value_invalid entities[0].rules[0]'],
  ])('%j is refused by its path', (entity, problem) => {
    expect(found(entity)).toEqual([problem])
  })

  it('names the source system and the ids of a whole plan', () => {
    const whole = { source: { secret: 'S', system: 'emr-1.0' }, ids: 'uuid' }
    expect(found({}, { ...whole, settings: { refusals: { rows: 5 } } })).toEqual([])
    expect(found({}, { source: { secret: 'S', system: 'EMR 1' }, ids: 'lookup' })).toEqual([
      'plan_value_invalid source.system',
      'plan_value_invalid ids',
    ])
  })

  it('adds nothing to a plan that does not map', () => {
    const entities = [{ source: 'public.a', columns: ['id'] }]
    expect(parsePlan({ ...plan, entities }).plan?.entities).toEqual(entities)
  })

  it('is a plan or problems with paths, whatever is given', () => {
    const keys = fc.constantFrom('columns', 'id', 'rest', 'refusals', 'conflict', 'depends_on')
    fc.assert(
      fc.property(keys, fc.jsonValue(), (key, value) => {
        const json = { ...plan, entities: [{ source: 'public.a', [key]: value }] }
        const { plan: parsed, problems } = parsePlan(json)
        expect(parsed === undefined).toBe(problems.length > 0)
        for (const { path } of problems) expect(path).toMatch(/^entities/)
      }),
    )
  })

  it('is in the schema for editors', () => {
    const text = JSON.stringify(planJsonSchema())
    for (const word of ['parse_time', 'depends_on', 'refusals', 'wins'])
      expect(text).toContain(word)
  })

  it('has its zones looked up in the target', async () => {
    const at = { op: 'at_zone', of: 'x', zone: 'Mars/Base' }
    const columns = { a: at, b: { op: 'trim', of: { ...at, zone: 'Europe/Berlin' } } }
    const { plan: parsed } = parsePlan({ ...plan, entities: [{ source: 'public.a', columns }] })
    const asked: string[] = []
    const problems = await zoneProblems(parsed!, async (statement) => {
      asked.push(statement)
      return [{ zone: 'Mars/Base' }]
    })
    expect(problems.map(({ code, path }) => [code, path])).toEqual([
      ['zone_unknown', 'entities[0].columns.a.zone'],
    ])
    expect(asked).toHaveLength(1)
    expect(asked[0]).toContain(`('Mars/Base'), ('Europe/Berlin')`)
    const { plan: none } = parsePlan({ ...plan, entities: '*' })
    expect(await zoneProblems(none!, () => Promise.reject(new Error('asked')))).toEqual([])
  })
})
