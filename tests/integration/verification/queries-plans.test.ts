/** Chosen queries are run on both sides, and what has become worse is a warning. */
import { describe, expect, it, onTestFinished } from 'vitest'
import { openTarget } from '../../../shared/target/connect.ts'
import { queryOfBatch, verifyQuery } from '../../../shared/verification/queries/verify-query.ts'
import { type Side, targetSide } from '../../../shared/verification/side.ts'
import { rulesScene } from './rules-scene.ts'

const rows = `
create extension citext;
create type mood as enum ('sad', 'ok');
create table events (id integer primary key, name citext, mood mood, "at ""time" date, note text);
insert into events select i, 'N' || i, 'ok', '2024-01-01', 'it''s' from generate_series(1, 20000) i;
create index events_name on events (name);
create table few (id integer primary key);
insert into few values (1), (2), (3);
analyze;
`
const ask = { entity: 'public.events' }
const plan = {
  rename: { schemas: { public: 'new' } },
  entities: [
    { source: 'public.few', filter: { column: 'id', is: '>', value: 1 } },
    'public.events',
  ],
  verification: {
    queries: [
      {
        ...ask,
        name: 'by name',
        where: {
          all: [
            { column: 'name', is: '=', value: 'n77' },
            { column: 'mood', is: 'in', values: ['ok'] },
          ],
        },
      },
      { ...ask, name: 'newest', order: ['id'], limit: 10 },
      {
        ...ask,
        name: 'all',
        where: { column: 'note', is: '=', value: "it's" },
        order: ['at "time'],
      },
      { entity: 'public.few', name: 'few' },
    ],
  },
}
const scene = await rulesScene(rows, plan)
const { sql } = scene.target
await sql`analyze`
const queries = scene.entity('public.events').queries ?? scene.entity('public.few').queries!
const verify = (name: string, more: { target?: Side; budgetMs?: number } = {}) =>
  verifyQuery({
    ...scene.sides,
    query: queries.find((query) => query.name === name)!,
    budgetMs: 10_000,
    now: () => performance.now(),
    ...more,
  })

describe('chosen queries', () => {
  it.each(['by name', 'newest', 'all', 'few'])('%s: nothing has become worse', async (name) => {
    const { results, findings } = await verify(name)
    expect(findings).toEqual([])
    expect(results).toEqual([
      expect.objectContaining({
        check: 'queries',
        type: 'performance',
        status: 'passed',
        validated: 1,
        issues: 0,
        entity: name === 'few' ? 'public.few' : 'public.events',
      }),
    ])
  })

  it('reads a table whole for which the source had an index', async () => {
    await sql`drop index new.events_name`
    onTestFinished(async () => void (await sql`create index events_name on new.events (name)`))
    const { results, findings } = await verify('by name')
    expect(results[0]).toMatchObject({ status: 'warning', issues: 1 })
    expect(findings).toEqual([
      {
        check: 'queries',
        kind: 'query',
        severity: 'warning',
        entity: 'public.events',
        object: 'by name',
        detail: {
          code: 'query_reads_whole_table',
          source_ms: expect.any(Number),
          target_ms: expect.any(Number),
          source_nodes: ['Index Scan'],
          target_nodes: ['Seq Scan'],
          source_rows: 1,
          target_rows: 1,
        },
      },
    ])
  })

  it('gives another number of rows', async () => {
    await sql`update new.events set note = 'its' where id <= 5`
    onTestFinished(async () => void (await sql`update new.events set note = 'it''s' where id <= 5`))
    const { findings } = await verify('all')
    expect(findings.map(({ detail }) => [detail?.code, detail?.target_rows])).toEqual([
      ['query_rows_differ', 19_995],
    ])
  })

  it('is much slower', async () => {
    await sql`alter table new.few rename to few_rows`
    await sql`create function new.slow(i integer) returns integer volatile language sql
      as 'select case when pg_catalog.pg_sleep(0.2) is not null then i end'`
    await sql`create view new.few as select new.slow(id) as id from new.few_rows`
    onTestFinished(async () => {
      await sql`drop view new.few`
      await sql`alter table new.few_rows rename to few`
    })
    const { results, findings } = await verify('few')
    expect(results[0]).toMatchObject({ status: 'warning', validated: 1, issues: 1 })
    expect(findings.map(({ detail }) => detail?.code)).toEqual(['query_slower'])
    expect(Number(findings[0]?.detail?.target_ms)).toBeGreaterThanOrEqual(400)

    const hurried = await verify('few', { budgetMs: 300 })
    expect(hurried.findings.map(({ severity, detail }) => [severity, detail])).toEqual([
      ['warning', { code: 'query_not_measured', side: 'target', error: 'target_timeout' }],
    ])
  })

  it('that cannot run is a warning, and a lost connection a failure to try again', async () => {
    await sql`alter table new.few rename column id to other`
    onTestFinished(async () => void (await sql`alter table new.few rename column other to id`))
    const { findings } = await verify('few')
    expect(findings).toMatchObject([
      { severity: 'warning', detail: { code: 'query_not_measured' } },
    ])
    const nobody = openTarget('postgres://nobody@127.0.0.1:1/nothing?sslmode=disable')
    onTestFinished(() => nobody.end())
    await expect(verify('few', { target: targetSide(nobody) })).rejects.toMatchObject({
      code: 'target_unreachable',
      context: { retry: 'retry' },
    })
  })

  it('go one by one through the batches', () => {
    const names: string[] = []
    for (let after: readonly string[] | null = null; ; ) {
      const { query, through, more } = queryOfBatch(queries, after)
      names.push(query!.name)
      if (!more) break
      after = through
    }
    expect(names).toEqual(['by name', 'newest', 'all', 'few'])
    expect(queryOfBatch([], null)).toEqual({ query: undefined, through: ['0'], more: false })
  })
})
