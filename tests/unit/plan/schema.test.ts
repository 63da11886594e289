import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parsePlan, planJsonSchema } from '../../../shared/plan/schema.ts'

const plan = {
  version: 1,
  name: 'clinic',
  source: { secret: 'LEGACY_DATABASE_URL' },
  entities: '*',
}
const found = (json: unknown) => parsePlan(json).problems.map(({ code, path }) => [code, path])

describe('parsePlan', () => {
  it('fills in what may be left out', () => {
    expect(parsePlan(plan).plan).toEqual({
      ...plan,
      source: { secret: 'LEGACY_DATABASE_URL', schemas: ['public'] },
      rename: { schemas: {}, tables: {} },
      settings: { lanes: 4, batch_rows: 2000 },
      verification: { mode: 'full', sample_rows: 100, queries: [] },
    })
  })

  it('reports all problems together, each with its path', () => {
    const json = {
      ...plan,
      version: 2,
      name: undefined,
      extra: 1,
      source: { secret: 'postgres://u:p@h/d', schemas: [] },
      entities: ['public.a', 'b', { source: 'public.c', targets: 'x' }, { target: 'public.d' }, 5],
      rename: { tables: { 'no schema': 'x', 'public.x': '' } },
      settings: { lanes: 99, batch_rows: 1.5 },
    }
    expect(found(json).sort()).toEqual(
      [
        ['plan_value_invalid', 'version'],
        ['plan_key_missing', 'name'],
        ['plan_key_unknown', 'extra'],
        ['plan_value_invalid', 'source.secret'],
        ['plan_value_invalid', 'source.schemas'],
        ['plan_value_invalid', 'entities[1]'],
        ['plan_key_unknown', 'entities[2].targets'],
        ['plan_key_missing', 'entities[3].source'],
        ['plan_value_invalid', 'entities[4]'],
        ['plan_value_invalid', 'rename.tables["no schema"]'],
        ['plan_value_invalid', 'rename.tables["public.x"]'],
        ['plan_value_invalid', 'settings.lanes'],
        ['plan_value_invalid', 'settings.batch_rows'],
      ].sort(),
    )
  })

  it('refuses __proto__ wherever it stands', () => {
    const text = JSON.stringify({ ...plan, rename: { schemas: {} } }).replace(
      '"schemas":{}',
      '"schemas":{"__proto__":"x"}',
    )
    expect(found(JSON.parse(text))).toEqual([['plan_key_unknown', 'rename.schemas.__proto__']])
    expect(
      found(JSON.parse(`{"__proto__":{"version":1},${JSON.stringify(plan).slice(1)}`)),
    ).toEqual(expect.arrayContaining([['plan_key_unknown', '__proto__']]))
  })

  it('never shows what was written in place of a secret name', () => {
    const secret = 'postgres://user:hunter2@db.example.com/x'
    const text = JSON.stringify(parsePlan({ ...plan, source: { secret } }).problems)
    expect(text).toContain('source.secret')
    expect(text).not.toContain('hunter2')
  })

  it.each([null, 1, 'x', [], {}, true])('refuses %j without an exception', (json) => {
    expect(parsePlan(json).problems.length).toBeGreaterThan(0)
  })

  it('answers any JSON with a plan or with problems that have a path', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        const { plan: parsed, problems } = parsePlan({ ...plan, entities: json })
        expect(parsed === undefined).toBe(problems.length > 0)
        for (const { path, hint } of problems)
          expect([path.length > 0, hint !== '']).toEqual([true, true])
      }),
    )
  })

  it('describes itself to editors', () => {
    const schema = planJsonSchema() as { properties: Record<string, unknown>; required: string[] }
    expect(schema.required).toEqual(['version', 'name', 'source', 'entities'])
    expect(Object.keys(schema.properties)).toContain('rename')
  })
})
