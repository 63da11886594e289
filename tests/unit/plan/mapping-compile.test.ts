/** What a mapped entity compiles to. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { planFingerprint, sourceFingerprint } from '../../../shared/plan/fingerprint.ts'
import { parsePlan } from '../../../shared/plan/schema.ts'
import {
  copyInStatement,
  copyOutStatement,
  stageStatement,
} from '../../../shared/projection/select.ts'
import { catalog, column, key, table } from './catalog.ts'
import { entity, everything, one, source, text } from './mapped-table.ts'
import { compile, referring, state, there } from './mapping-plan.ts'

describe('an entity', () => {
  it('is plain until something asks for more', () => {
    for (const more of [{}, { type: 'x', refusals: {}, depends_on: [] }, { columns: ['nr'] }]) {
      const { find } = compile(entity(more), source)
      expect(find('a')?.definition.mapping).toBeUndefined()
      expect(find('a')?.shape).toBeUndefined()
    }
    for (const more of [
      { columns: { nr: 'nr' } },
      { id: { strategy: 'preserve' } },
      { conflict: 'ignore' },
      { rules: [{ rule: 'not_null', column: 'name', severity: 'reject' }] },
    ]) {
      expect(compile(entity(more), source).mapping('a').strategy).toBe('preserve')
    }
    expect(compile({ ids: 'uuid' }, source).mapping('a').strategy).toBe('uuid')
  })

  it('reads what its expressions mention, in forms that travel', () => {
    const { find, problems } = compile(
      entity({ id: { strategy: 'uuid' }, columns: { who: 'name', how: 'mood', where: 'mail' } }),
      source,
    )
    expect(problems).toEqual([])
    const { definition } = find('a')!
    expect(stageStatement(definition)).toBe(
      'create temp table "ferry_stage" ("s0" integer, "s1" text, "s2" text, "s3" character varying(50)) on commit drop',
    )
    expect(copyInStatement(definition)).toBe(
      'copy "pg_temp"."ferry_stage" ("s0", "s1", "s2", "s3") from stdin (format binary)',
    )
    expect(copyOutStatement(definition, everything)).toBe(
      `copy (select "nr", "name", case when "mood" is distinct from null then pg_catalog.format('%s', "mood") end, "mail"::character varying(50) from only "public"."a") to stdout (format binary)`,
    )
    expect(definition.mapping?.rows_table).toBe(
      'create temp table ferry_rows (place tid, key text, refused smallint, c0 uuid, c1 text, c2 "public"."mood", c3 character varying) on commit drop',
    )
    expect(definition.mapping).toMatchObject({
      key: 's.s0::text',
      id: 0,
      identity: [0],
      entity_type: 'a',
    })
  })

  it('tells what its table is made of', () => {
    const { find } = compile(
      entity({
        id: { strategy: 'uuid' },
        columns: { who: 'name', what: { op: 'upper', of: 'name' } },
        rest: 'copy',
      }),
      source,
    )
    const shape = find('a')?.shape?.map((each) => Object.values(each).join())
    expect(shape).toEqual([
      'id,uuid,0,,,true,true',
      'who,text,25,name,,false,false',
      'what,text,0,,,false,false',
      'nr,integer,23,nr,,false,true',
      'mood,public.mood,1,mood,,false,false',
      'mail,public.mail,2,mail,,false,false',
    ])
  })

  it('keeps its columns and what is generated, where it only gets ids', () => {
    const shape = compile(entity({ id: { strategy: 'uuid' } }), source).find('a')?.shape
    expect(shape?.map(({ target }) => target)).toEqual(['nr', 'name', 'mood', 'mail', 'twice'])
    expect(shape?.find(({ is_id }) => is_id)?.target).toBe('nr')
    expect(shape?.find(({ is_generated }) => is_generated)?.target).toBe('twice')
  })

  it('is read in the order of its key where rows are weighed against each other', () => {
    const rules = [{ rule: 'unique', columns: ['name'], severity: 'reject', wins: 'last' }]
    const { definition } = compile(entity({ rules }), source).find('a')!
    expect(definition.serial).toBe(true)
    expect(copyOutStatement(definition, everything)).toContain(' order by "a"."nr") to stdout')
    const { unique, refusals } = definition.mapping!
    expect(unique).toEqual([{ columns: [1], refusal: refusals.length, wins: 'last' }])
    expect(definition.rules).toEqual([
      {
        name: 'unique name',
        severity: 'failed',
        rule: 'unique',
        columns: ['name'],
        unique: ['name'],
      },
    ])
  })

  it('looks at rules on the way, and in the target', () => {
    const rules = [
      { rule: 'length', column: 'who', max: 3, severity: 'reject' },
      { rule: 'type', column: 'who', type: 'timestamptz', severity: 'warning' },
    ]
    const { definition } = compile(
      entity({ columns: { nr: 'nr', who: 'name' }, rules }),
      source,
    ).find('a')!
    expect(definition.rules?.map(({ severity, violation }) => [severity, violation])).toEqual([
      ['failed', '(pg_catalog.char_length("who"::text) > 3)'],
      [
        'warning',
        `("who" is not null and not migration.input_is_valid("who"::text, 'timestamp with time zone'))`,
      ],
    ])
    expect(definition.mapping?.select).toContain(
      'when (pg_catalog.char_length(v.c1::text) > 3) then 1',
    )
    expect(definition.mapping?.refusals).toEqual([
      { code: 'length_violated', kind: 'data_validation', rule: 'length who', columns: ['who'] },
    ])
  })

  it('stops at what the plan allows to be refused', () => {
    const more = { ...entity({ conflict: 'update' }), settings: { refusals: { share: 0 } } }
    expect(compile(more, source).mapping('a').limit).toEqual({ rows: 1000, share: 0 })
    const own = entity({ conflict: 'update', refusals: { rows: 1 } })
    expect(compile({ ...more, ...own }, source).mapping('a').limit).toEqual({ rows: 1, share: 0.5 })
  })
})

describe('compiling', () => {
  it('gives the same for the same, and fingerprints see the foreign keys that are followed', () => {
    const child = table('b', { columns: [column('id'), column('a')] })
    const with_key = { ...source, tables: [one, referring(child, { a: 'a.nr' })] }
    const without = { ...source, tables: [one, child] }
    const whole = { ids: 'uuid' }
    expect(compile(whole, with_key).entities).toEqual(compile(whole, with_key).entities)
    const print = (each: typeof source) => sourceFingerprint(compile(whole, each).entities, each)
    expect(print(with_key)).not.toBe(print(without))
    const seen = compile(whole, with_key, state(there('z', {}))).entities
    expect(sourceFingerprint(seen, with_key)).toBe(print(with_key))
    const { plan } = parsePlan({ version: 1, name: 'm', source: { secret: 'S' }, entities: '*' })
    expect(planFingerprint(plan!)).toBe(planFingerprint({ ...plan!, ids: undefined }))
  })

  it('quotes every name', () => {
    const name = fc.string({
      unit: fc.constantFrom('a', '"', "'", '\\', '$', ';', ' ', '-', '%', 'ü'),
      minLength: 1,
      maxLength: 8,
    })
    fc.assert(
      fc.property(name, name, (from, to) => {
        fc.pre(from !== 'nr' && to !== 'nr')
        const odd = table('a', {
          columns: [column('nr'), column(from, text)],
          keys: [key('a_pkey', true, ['nr'])],
        })
        const rules = [{ rule: 'not_null', column: to, severity: 'reject', name: 'r' }]
        const plan = entity({ columns: { nr: 'nr', [to]: { op: 'trim', of: from } }, rules })
        const { find, problems } = compile(plan, catalog([odd]))
        expect(problems).toEqual([])
        const { definition } = find('a')!
        // Names of the target are not in the statement at all.
        expect(definition.mapping?.select).toBe(
          compile(
            entity({
              columns: { nr: 'nr', x: { op: 'trim', of: from } },
              rules: [{ ...rules[0], column: 'x' }],
            }),
            catalog([odd]),
          ).mapping('a').select,
        )
        expect(copyOutStatement(definition, everything)).toContain(
          `"nr", "${from.replaceAll('"', '""')}" from`,
        )
      }),
    )
  })
})
