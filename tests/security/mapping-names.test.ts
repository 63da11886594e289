/** A target that has columns of the names that statements of a mapping use themselves. */
import postgres from 'postgres'
import { afterAll, describe, expect, test } from 'vitest'
import { quoteIdent as q } from '../../shared/projection/quote.ts'
import { testProject } from '../support/project.ts'
import { begin, ends, type Stage, steer } from './canary-acts.ts'

const { project, targetUrl, sourceUrl } = await testProject({ faults: {} })
const open = (url: string) => postgres(url, { max: 1, onnotice: () => undefined })
const source = open(sourceUrl)
const target = open(targetUrl)
const stage: Stage = { project, source, target, answers: [], printed: [] }
afterAll(() => Promise.all([source.end(), target.end()]))

async function errors(id: string) {
  return target`
    select error_code, sqlstate, error_message, context from migration.errors
     where migration_id = ${id} and not is_dead_letter`
}

/** Names that statements of a mapping use themselves, as columns that a target has besides. */
const OWN = [
  't',
  'r',
  'e',
  'o',
  'm',
  's',
  'v',
  'l',
  'p',
  'place',
  'image',
  'key',
  'refused',
  'c0',
  's0',
  'name',
  'x.r.c0',
]

describe("a target whose columns are called like the engine's own", () => {
  const twins = {
    version: 1,
    settings: { lanes: 2, batch_rows: 7 },
    name: 'twins',
    source: { secret: 'LEGACY_DATABASE_URL', schemas: ['twins'], system: 'twins' },
    rename: { schemas: { twins: 'twins_new' } },
    entities: [
      {
        source: 'twins.twin',
        conflict: 'update',
        columns: { 'your.code': 'id', 'r.c1': 'body' },
        rules: [{ rule: 'unique', columns: ['r.c1'], severity: 'reject' }],
      },
    ],
  }

  test('keeps them through load, comparison and repair', { timeout: 120_000 }, async () => {
    await source.unsafe(`create schema twins; create table twins.twin (id integer primary key, body text);
      insert into twins.twin select n, 'body ' || n from generate_series(1, 10) n;
      grant usage on schema twins to public; grant select on twins.twin to public`)
    await target.unsafe(`create schema twins_new; create table twins_new.twin ("your.code" integer primary key,
      "r.c1" text unique, ${OWN.map((each) => `${q(each)} text`).join(', ')});
      insert into twins_new.twin select n, 'old ' || n, ${OWN.map((each) => `'${each} ' || n`).join(', ')}
        from generate_series(1, 5) n`)
    const id = await begin(stage, twins)
    const status = await ends(stage, id)
    expect([status, await errors(id)]).toEqual(['completed', []])
    await target.unsafe(`update twins_new.twin set "r.c1" = 'changed ' || "your.code"`)
    expect(await steer(stage, id, 'verify')).toBe('failed')
    expect(await steer(stage, id, 'repair')).toBe('passed')
    const rows = await target.unsafe(`select * from twins_new.twin order by "your.code"`)
    expect([...rows]).toEqual(
      Array.from({ length: 10 }, (_, at) => ({
        'your.code': at + 1,
        'r.c1': `body ${at + 1}`,
        ...Object.fromEntries(OWN.map((each) => [each, at < 5 ? `${each} ${at + 1}` : null])),
      })),
    )
  })
})
