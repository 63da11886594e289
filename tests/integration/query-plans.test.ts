/**
 * What the control plane reads while a large migration is under way: 1000 entities, 100,000 completed
 * batches and a few open ones, as many checkpoints, events and audit entries, and the partitions of
 * migrations before it. No call may read more because much has been done already. Counted in buffers of
 * 8 KiB, nested statements included, with plans for the values given and with generic ones. The limits are
 * about three times what was measured; the batches alone fill 3000 buffers.
 */
import type { Sql } from 'postgres'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { attachServers } from '../support/project.ts'
import { begin, pretendHistory } from './large-migration.ts'
import { explainAll, type Measured, openReader, read } from './reading.ts'

/** Tables of the migration whose every other table refers to the first. */
const CHILDREN = 300

/** In its statements $1 stands for the migration's id. */
interface Case extends Measured {
  readonly name: string
  /** Buffers that it may read. */
  readonly most: number
}

const held = `(select id from migration.batches where migration_id = '$1' and status = 'processing')`
const claim = `select * from migration.claim_batch('$1', null)`
const carve = `select migration.carve_batch('$1', ${held}, 1, '["1001000"]', true)`
const beginLoad = `select migration.begin_load('$1', ${held}, 1)`
const load = [beginLoad, 'insert into public.moved values (1)']
const complete = `select migration.complete_batch('$1', ${held}, 1, 1, 1, 0, 0, 100, 0, true)`
const fail = `select migration.fail_batch('$1', ${held}, 1, 'unknown', 'made_up', null, 'made up', true)`
const die = `update migration.batches set holder_pid = 1 where id = ${held}`
const asked = `insert into migration.dispatches (migration_id, nonce_hash, expires_at)
  values ('$1', encode(sha256('nonce'), 'hex'), now() + interval '1 minute')`
const finish = `select migration.finish_dispatch(id, 'idle') from migration.dispatches
  where nonce_hash = encode(sha256('nonce'), 'hex')`
const asAnalyst = [
  'set local role authenticated',
  `set local request.jwt.claims = '{"app_metadata":{"roles":["migration_analyst"]}}'`,
]
const view = (name: string, where: string) =>
  `select * from migration.${name} where migration_id = '$1' and ${where}`

const cases: readonly Case[] = [
  { name: 'claim_batch', statement: claim, most: 150 },
  { name: 'carve_batch', statement: carve, most: 500, before: [claim] },
  { name: 'begin_load', statement: beginLoad, most: 100, before: [claim] },
  { name: 'complete_batch', statement: complete, most: 600, before: [claim, carve, ...load] },
  { name: "an entity's last batch", statement: complete, most: 2000, before: [claim, ...load] },
  { name: 'fail_batch', statement: fail, most: 200, before: [claim] },
  { name: 'dispatch_lanes', statement: `select migration.dispatch_lanes('$1')`, most: 350 },
  {
    name: 'accept_dispatch',
    statement: `select migration.accept_dispatch('$1', 'nonce')`,
    most: 100,
    before: [asked],
  },
  { name: 'finish_dispatch', statement: finish, most: 400, before: [asked] },
  { name: 'watchdog', statement: 'select migration.watchdog()', most: 400 },
  {
    name: 'watchdog amid a death',
    statement: 'select migration.watchdog()',
    most: 800,
    before: [claim, die],
  },
  { name: 'run_steps, nine of them', statement: 'select migration.run_steps()', most: 1000 },
  { name: 'status_report', statement: `select migration.status_report('$1')`, most: 1500 },
  { name: 'list_migrations', statement: 'select migration.list_migrations()', most: 100 },
  {
    name: 'migration_progress',
    statement: view('migration_progress', 'true'),
    most: 20,
    before: asAnalyst,
  },
  {
    name: 'entity_progress',
    statement: view('entity_progress', 'true'),
    most: 250,
    before: asAnalyst,
  },
  {
    name: 'batch_progress of open batches',
    statement: view('batch_progress', `status in ('pending', 'processing', 'retrying')`),
    most: 250,
    before: asAnalyst,
  },
  {
    name: 'step_progress of a table',
    statement: view('step_progress', `entity_name = 'legacy.large_5'`),
    most: 250,
    before: asAnalyst,
  },
  {
    name: 'migration_checkpoints',
    statement: 'select * from migration.migration_checkpoints',
    most: 250,
    before: asAnalyst,
  },
]

/** Every other table is copied, and all keys and indexes are there: foreign keys are what is left. */
const REFERRERS_WAIT = [
  `update migration.entity_statuses set status = 'completed', started_at = now(), completed_at = now()
    where migration_id = '$1' and dependency_order > 1`,
  `update migration.batches set not_before = 'infinity'
    where migration_id = '$1' and dependency_order > 1`,
  `update migration.steps set status = 'completed', completed_at = now(), duration_ms = 1
    where migration_id = '$1' and stage < 3`,
]

/** Opens a foreign key of each other table: a bounded number of buffers for each. */
const referred: Case = {
  name: 'the last batch of a table that all others refer to',
  statement: complete,
  most: 150 * CHILDREN,
  before: [...REFERRERS_WAIT, claim, ...load],
}

describe('amid a large migration', () => {
  let database: TestDatabase
  let sql: Sql
  let id: string
  let hub: string
  beforeAll(async () => {
    database = await testDatabase()
    const { target } = attachServers()
    sql = openReader(target.url(new URL(database.url).pathname.slice(1), target.superuser))
    await sql`create table public.moved (id integer primary key)`
    for (let before = 1; before <= 20; before += 1) {
      const old = await begin(sql, `old_${before}`, 5)
      await sql`select migration.cancel(${old}, 'test')`
    }
    id = await begin(sql, 'large', 1000)
    await pretendHistory(sql, id)
    hub = await begin(sql, 'hub', 1 + CHILDREN)
    await sql`vacuum (analyze)`
    await explainAll(sql)
  }, 240_000)
  afterAll(async () => {
    await sql?.end()
    await database?.drop()
  })

  describe.each(['custom', 'generic'])('with %s plans', (kind) => {
    beforeAll(() => sql.unsafe(`set plan_cache_mode = force_${kind}_plan`))

    it.each(cases)('$name reads at most $most buffers', async ({ most, ...case_ }) => {
      const { rows, buffers, scans } = await read(sql, numbered(case_, id))
      expect(rows).toBeGreaterThan(0)
      expect(buffers).toBeLessThanOrEqual(most)
      expect(scans.filter(isHistory(id))).toEqual([])
    })

    it(`${referred.name} reads at most ${referred.most} buffers`, async () => {
      const { buffers } = await read(sql, numbered(referred, hub))
      expect(buffers).toBeLessThanOrEqual(referred.most)
    })

    it('would show what reads all of history, however deep inside', async () => {
      const before = [
        `create function pg_temp.inner_sum() returns numeric language plpgsql as
           'begin return (select sum(records_processed) from migration.checkpoints); end'`,
        `create function pg_temp.outer_sum() returns numeric language plpgsql as
           'begin return pg_temp.inner_sum(); end'`,
      ]
      const reading = await read(sql, { statement: 'select pg_temp.outer_sum()', before })
      expect(reading.scans).toEqual(['checkpoints'])
      expect(reading.buffers).toBeGreaterThan(1500)
    })
  })
})

function numbered({ statement, before = [] }: Measured, id: string): Measured {
  const named = (text: string) => text.replaceAll('$1', id)
  return { statement: named(statement), before: before.map(named) }
}

/** Tables that grow with what a migration has done; none is ever read from end to end. */
function isHistory(id: string): (table: string) => boolean {
  const grown = ['checkpoints', 'events', 'audit_log', `batches_${id.replaceAll('-', '')}`]
  return (table) => grown.includes(table)
}
