/** What a real server says of its tables, as far as strategies of incremental sync go by it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkPlan } from '../../../shared/plan/check.ts'
import { discoverPlan } from '../../../shared/plan/discover.ts'
import { parsePlan } from '../../../shared/plan/schema.ts'
import type { Catalog } from '../../../shared/source/catalog-rows.ts'
import { openSource } from '../../../shared/source/connect.ts'
import { attachServers } from '../../support/project.ts'
import { runScript } from '../../support/psql-script.ts'
import { type Scratch, scratchDatabase } from '../../support/scratch.ts'
import { prepare } from '../source/whole-copy.ts'
import { plain } from '../verification/schema-pair.ts'

const SCENE = `
create function touch() returns trigger language plpgsql as $$
begin new."updatedAt" := now(); return new; end $$;
create table kept (id integer primary key, "updatedAt" timestamptz not null default now());
create trigger "it's ""kept""" before insert or update on kept for each row execute function touch();
create table unkept (id integer primary key, parent integer references kept, changed_at timestamp not null);
create index on unkept (changed_at);
create trigger off before update on unkept for each row execute function touch();
alter table unkept disable trigger off;
create trigger replicas before update on unkept for each row execute function touch();
alter table unkept enable replica trigger replicas;
create trigger inserts before insert on unkept for each row execute function touch();
create trigger statements before update on unkept for each statement execute function touch();
create table local (id integer primary key, at timestamp not null);
create unlogged table fast (id integer primary key);
create table nothing (id integer primary key);
alter table nothing replica identity nothing;
create table parted (id integer primary key) partition by range (id);
create table parted_1 partition of parted for values from (0) to (10);
create table parted_2 partition of parted for values from (10) to (20);
alter table parted_2 replica identity nothing;
create table "Only ""unique""" (nr integer not null, constraint "odd ""key""" unique (nr));
`

describe('the catalog of a server', () => {
  let source: Scratch
  let catalog: Catalog
  beforeAll(async () => {
    source = await scratchDatabase(attachServers().source.url('postgres'))
    await runScript(source.url, SCENE)
    catalog = await readCatalog()
  })
  afterAll(() => source.drop())

  async function readCatalog() {
    const reader = openSource(plain(source.url))
    return reader.catalog(null).finally(() => reader.close())
  }

  it('names the triggers that an update of a row fires', () => {
    const triggers = new Map(catalog.tables.map((each) => [each.name, each.update_triggers]))
    expect(triggers.get('kept')).toEqual([`it's "kept"`])
    expect(triggers.get('unkept')).toEqual([])
  })

  it('is enough to propose how each table is kept in step', () => {
    const { plan } = discoverPlan(catalog, { name: 'x', secret: 'S', sync: true })
    const proposed = Object.fromEntries(
      (plan.entities as { source: string; sync: object }[]).map((each) => [each.source, each.sync]),
    )
    expect(proposed).toEqual({
      'public.Only "unique"': { strategy: 'xmin' },
      'public.fast': { strategy: 'xmin' },
      'public.kept': { strategy: 'timestamp', column: 'updatedAt' },
      'public.local': { strategy: 'xmin' },
      'public.nothing': { strategy: 'xmin' },
      'public.parted': { strategy: 'xmin' },
      'public.unkept': { strategy: 'timestamp', column: 'changed_at', zone: 'UTC' },
    })
  })

  it('does not say which time zones the server knows: that is asked', async () => {
    const entities = ['Europe/Berlin', "Mars/O'Higgins"].map((zone, at) => ({
      source: at === 0 ? 'public.unkept' : 'public.local',
      sync: { strategy: 'timestamp', column: at === 0 ? 'changed_at' : 'at', zone },
    }))
    const plan = { entities, sync: {} }
    const { target } = attachServers()
    const pair = { source: source.url, target: target.url('postgres', target.superuser) }
    const { problems } = await prepare({ ...pair, plan })
    expect(problems.map(({ code, path }) => [code, path])).toEqual([
      ['zone_unknown', 'entities[1].sync.zone'],
    ])
  })

  it('says what the log of the server lacks, and the remedies help', async () => {
    const { plan } = parsePlan({
      version: 1,
      name: 'log',
      source: { secret: 'S' },
      entities: '*',
      sync: { strategy: 'log', publication: 'p' },
    })
    const { problems } = checkPlan(plan!, catalog)
    expect(problems.map(({ code }) => code).sort()).toEqual([
      'sync_not_logged',
      'sync_replica_identity_missing',
      'sync_replica_identity_missing',
      'sync_replica_identity_missing',
    ])
    for (const { hint } of problems) {
      const statement = /^Run at the source: (.*);$/.exec(hint)?.[1]
      if (statement !== undefined) await source.sql.unsafe(statement)
    }
    const mended = checkPlan(plan!, await readCatalog())
    expect(mended.problems.map(({ code }) => code)).toEqual(['sync_not_logged'])
  })
})
