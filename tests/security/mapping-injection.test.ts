/**
 * Names, literals, types and keys as an attacker would choose them go through every statement that a
 * mapping is made of: load, map, references, rules, replay, verification, repair. They arrive letter by
 * letter, and nothing else happens.
 */
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { formatTableName } from '../../shared/plan/names.ts'
import { quoteIdent as q } from '../../shared/projection/quote.ts'
import { testProject } from '../support/project.ts'
import { ask, begin, ends, type Stage, steer } from './canary-acts.ts'
import { fillHostile, HOSTILE, KEYS } from './injection-scene.ts'

const { project, targetUrl, sourceUrl } = await testProject({ faults: {} })
const open = (url: string) => postgres(url, { max: 1, onnotice: () => undefined })
const source = open(sourceUrl)
const target = open(targetUrl)
const stage: Stage = { project, source, target, answers: [], printed: [] }
afterAll(() => Promise.all([source.end(), target.end()]))

const SCHEMA = `s"; drop table victim.y; --`
const NEW = `%s "new" $1`
const KEPT = `kept %I '`
const [PARENT, CHILD, PAIR] = [HOSTILE[0], HOSTILE[2], HOSTILE[4]]
const [TAG, FREE] = [HOSTILE[8], HOSTILE[10]]
const name = (table: string) => formatTableName({ schema: SCHEMA, table })

beforeAll(async () => {
  for (const sql of [source, target]) {
    await sql.unsafe('create schema victim; create table victim.y (id integer)')
  }
  await fillHostile(source, SCHEMA)
  // The fifth parent is refused, and so is the child that refers to it.
  await source.unsafe(
    `update ${q(SCHEMA)}.${q(PARENT)} set ${q(FREE)} = 'bad' where ${q(HOSTILE[2])} = 5`,
  )
})

const listed = HOSTILE.filter((text) => text !== '__proto__')
const texts = Object.fromEntries(listed.map((text, at) => [text, `${text}${at}`]))
const plan = {
  version: 1,
  name: 'hostile',
  source: { secret: 'LEGACY_DATABASE_URL', schemas: [SCHEMA], system: 'hostile' },
  rename: { schemas: { [SCHEMA]: NEW } },
  settings: { lanes: 2, batch_rows: 7 },
  ids: 'uuid',
  entities: [
    {
      source: name(PARENT),
      id: { strategy: 'uuid', column: HOSTILE[7] },
      rest: 'copy',
      type: HOSTILE[5],
      columns: {
        [TAG]: TAG,
        [FREE]: FREE,
        [`${HOSTILE[2]}+`]: HOSTILE[2],
        [HOSTILE[0]]: { op: 'constant', value: HOSTILE[1] },
        [`${HOSTILE[1]}+`]: { op: 'concat', of: [FREE, TAG], separator: HOSTILE[6] },
        'a%s"': { op: 'json_object', of: { [HOSTILE[1]]: FREE, '%s': TAG } },
        'b%s"': { op: 'value_map', of: FREE, values: texts, otherwise: 'keep' },
        'c%s"': { op: 'regexp_replace', of: FREE, pattern: `[%$1']`, with: `\\&%s'"$1` },
        'd%s"': { op: 'split', of: FREE, by: `'`, part: 1 },
        'e%s"': { op: 'null_if', of: TAG, values: [...HOSTILE] },
      },
      rules: [
        {
          rule: 'pattern',
          column: FREE,
          pattern: `^[^b]|%s'`,
          name: HOSTILE[1],
          severity: 'reject',
        },
        { rule: 'unique', columns: [TAG, FREE], name: HOSTILE[2], severity: 'reject' },
        { rule: 'choice', column: HOSTILE[0], values: [...HOSTILE], severity: 'reject' },
        { rule: 'length', column: HOSTILE[11], max: 100, severity: 'reject' },
      ],
    },
    { source: name(CHILD), id: { strategy: 'uuid' } },
    { source: name(PAIR), id: { strategy: 'uuid', column: '%s"' } },
  ],
}

/** The same tables under their own keys: rows of the target are told apart by hostile columns. */
const keptPlan = {
  ...plan,
  name: 'kept',
  source: { ...plan.source, system: 'kept' },
  rename: { schemas: { [SCHEMA]: KEPT } },
  ids: 'preserve',
  entities: [
    { source: name(PARENT) },
    {
      source: name(CHILD),
      rules: [
        { rule: 'length', column: HOSTILE[2], max: 100, severity: 'reject' },
        { rule: 'unique', columns: [HOSTILE[4]], wins: 'last', severity: 'reject' },
      ],
    },
    {
      source: name(PAIR),
      rules: [{ rule: 'length', column: HOSTILE[4], max: 100, severity: 'reject' }],
    },
  ],
}

async function intact() {
  for (const sql of [source, target]) {
    const [row] = await sql<{ there: boolean }[]>`
      select to_regclass('victim.y') is not null and to_regclass('migration.batches') is not null
             = (current_database() !~ 'legacy') as there`
    expect(row?.there).toBe(true)
  }
}

async function errors(id: string) {
  return target`
    select error_code, sqlstate, error_message, context from migration.errors
     where migration_id = ${id} and not is_dead_letter`
}

async function letters(id: string) {
  const rows = await target<{ text: string }[]>`
    select entity_name || ' ' || source_key || ' ' || error_code as text from migration.dead_letters
     where migration_id = ${id} and not is_resolved`
  return rows.map(({ text }) => text).toSorted()
}

describe.each([
  ['under UUIDs', plan, NEW],
  ['under their own keys', keptPlan, KEPT],
] as const)('hostile tables %s', (_how, moved, schema) => {
  const isKept = moved === keptPlan
  const from = (table: string) => `${q(SCHEMA)}.${q(table)}`
  const into = (table: string) => `${q(schema)}.${q(table)}`
  let id: string

  test('are previewed and loaded', { timeout: 120_000 }, async () => {
    const check = await ask(stage, 'plan', { action: 'check', plan: moved })
    expect([check.status, JSON.stringify(check.body)]).toEqual([
      200,
      expect.not.stringContaining('"problem"'),
    ])
    for (const table of [PARENT, CHILD, PAIR]) {
      const { status, body } = await ask(stage, 'plan', {
        action: 'preview',
        plan: moved,
        entity: name(table),
        values: true,
      })
      expect([table, status, body.error]).toEqual([table, 200, undefined])
    }
    id = await begin(stage, moved)
    const status = await ends(stage, id)
    expect([status, await errors(id)]).toEqual(['completed', []])
    expect(await letters(id)).toEqual(
      isKept
        ? []
        : [
            `${name(PARENT)} 5 pattern_violated`,
            `${name(CHILD)} ${KEYS[4]} reference_missing`,
            `${name(PAIR)} ${JSON.stringify([KEYS[4], '5']).replace(',', ', ')} reference_missing`,
          ].toSorted(),
    )
    await intact()
  })

  test('are replayed', { timeout: 120_000 }, async () => {
    await source.unsafe(`update ${from(PARENT)} set ${q(FREE)} = $1 where ${q(HOSTILE[2])} = 5`, [
      HOSTILE[0],
    ])
    if (isKept) return
    expect(await steer(stage, id, 'replay')).toBe('passed')
    expect(await letters(id)).toEqual([])
    await intact()
  })

  test('are compared and repaired', { timeout: 120_000 }, async () => {
    await target.unsafe(`update ${into(CHILD)} set ${q(HOSTILE[2])} = 'changed'`)
    await target.unsafe(`delete from ${into(PAIR)}`)
    await target.unsafe(`update ${into(PARENT)} set ${q(HOSTILE[9])} = null`)
    expect(await steer(stage, id, 'verify')).toBe('failed')
    const found = await target<{ kind: string; rows: number; columns: string[] }[]>`
      select f.kind, count(*)::integer as rows, f.columns from migration.verification_findings f
       where f.migration_id = ${id} and f.check_name = 'checksum' group by f.kind, f.columns order by 1, 2`
    expect(found.map((row) => ({ ...row }))).toEqual([
      { kind: 'changed', rows: KEYS.length, columns: [HOSTILE[2]] },
      { kind: 'changed', rows: 30, columns: [HOSTILE[9]] },
      { kind: 'missing', rows: KEYS.length, columns: [] },
    ])
    expect(await steer(stage, id, 'repair')).toBe('passed')
    await intact()
  })

  test('arrive letter by letter', async () => {
    const columns = [HOSTILE[1], ...HOSTILE.slice(8)].map((each) => `${q(each)}::text`).join(', ')
    const rows = `select array[${columns}] as row from`
    const [there, here] = await Promise.all([
      target.unsafe(`${rows} ${into(PARENT)} order by 1`),
      source.unsafe(`${rows} ${from(PARENT)} order by 1`),
    ])
    expect([...there]).toEqual([...here])
    const keys = await target.unsafe<{ key: string }[]>(
      isKept
        ? `select ${q(HOSTILE[7])} as key from ${into(CHILD)}`
        : `select source_id as key from migration.mappings where source_table = $1`,
      isKept ? [] : [name(CHILD)],
    )
    expect(keys.map(({ key }) => key).toSorted()).toEqual([...KEYS].toSorted())
  })
})
