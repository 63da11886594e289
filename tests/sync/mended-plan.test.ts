/** A mended plan in sync mode, and one that begins it: by the function that operators call. */
import { describe, expect, test } from 'vitest'
import { caughtUp, syncScene } from './scene.ts'

const scene = await syncScene()
const { source, target } = scene

const quoted = '"Odd ""name""; drop"'
const tables = `
  create table plain (id int primary key, body text, updated_at timestamptz not null default now());
  create table ${quoted} ("Key "";" bigint generated always as identity primary key, "a'b" text);
  create table keyless (body text);
  insert into plain select g, 'was' from generate_series(1, 9) g;
  insert into ${quoted} ("a'b") values ('was'), (null);
  insert into keyless values ('was'), ('was')`

interface Plan {
  sync?: object
  readonly entities: { readonly source: string; readonly sync?: object }[]
}

const told = (name: string, sync?: object) => ({
  name,
  source: tables,
  entities: [
    { source: `${name}.plain`, ...(sync === undefined ? {} : { sync }) },
    { source: `${name}.Odd "name"; drop` },
    { source: `${name}.keyless` },
  ],
})

/** The plan of a migration as it is stored, with another word about how the first table is kept in step. */
async function mended(id: string, sync?: object): Promise<Plan> {
  const [row] = await target<{ plan: Plan }[]>`
    select plan from migration.orchestrations where id = ${id}`
  const [first, ...others] = row!.plan.entities
  const entity = sync === undefined ? first! : { ...first!, sync }
  return { ...row!.plan, sync: row!.plan.sync ?? {}, entities: [entity, ...others] }
}

async function done(body: object): Promise<void> {
  const { status, code } = await scene.control(body)
  expect([status, code]).toEqual([200, undefined])
}

/** The newest sweep of a migration has ended. */
async function swept(id: string): Promise<void> {
  const [row] = await target<{ id: string }[]>`
    select id from migration.orchestrations where parent_id = ${id} order by created_at desc limit 1`
  expect((await scene.sweepEnded(row!.id)).status).toBe('completed')
}

async function change(name: string): Promise<void> {
  await source.unsafe(`set search_path = ${name};
    update plain set body = 'is', updated_at = now() where id < 4; delete from plain where id = 9;
    insert into plain values (10, 'new'); update ${quoted} set "a'b" = 'is' where "a'b" is null;
    insert into ${quoted} ("a'b") values ('new'); delete from keyless where ctid in (select min(ctid) from keyless);
    insert into keyless values ('new'); reset search_path`)
}

async function expectEqual(name: string): Promise<void> {
  for (const table of ['plain', quoted, 'keyless']) {
    const both = await scene.both(name, `select t::text from {schema}.${table} t order by 1`)
    expect(both.target).toEqual(both.source)
  }
}

describe('a migration that is done', () => {
  test('is kept in step from then on by a plan that says how', async () => {
    const id = await scene.move(told('m_later'))
    await change('m_later')
    const plan = await mended(id, { strategy: 'timestamp', column: 'updated_at' })
    await done({ action: 'sync', migration_id: id, plan })
    await caughtUp(target, id)
    await expectEqual('m_later')
    await source`insert into m_later.plain values (11, 'newer', now())`
    expect((await scene.sweep(id)).did).toEqual({ plain: '1 0 0 0' })
    await expectEqual('m_later')
  })

  test('is left alone by a plan that does not fit its tables', async () => {
    const id = await scene.move(told('m_unfit'))
    const ask = async (sync: object) => {
      const { status, code } = await scene.control({
        action: 'sync',
        migration_id: id,
        plan: await mended(id, sync),
      })
      return [status, code]
    }
    const wrong = { strategy: 'timestamp', column: 'body' }
    expect(await ask(wrong)).toEqual([400, 'sync_column_type'])
    await target`alter table m_unfit_new.plain drop column body`
    expect(await ask({ strategy: 'xmin' })).toEqual([400, 'target_column_missing'])
    const [state] = await target`
      select exists (select from migration.sync_states where migration_id = ${id}) as begun`
    expect(state).toEqual({ begun: false })
  })
})

describe('a migration in sync mode', () => {
  test('takes a column that came at the source, once the target has it, too', async () => {
    const id = await scene.follow(told('m_column'))
    await source`alter table m_column.plain add column late text default 'x'`
    expect(await scene.sweep(id)).toMatchObject({ code: 'source_schema_changed' })
    const resume = { action: 'resume_sync', migration_id: id, plan: await mended(id) }
    expect(await scene.control(resume)).toMatchObject({ code: 'target_column_missing' })
    await target`alter table m_column_new.plain add column late text`
    await done(resume)
    await swept(id)
    await source`update m_column.plain set late = 'y' where id = 1`
    await scene.sweep(id)
    await expectEqual('m_column')
  })

  test('takes another strategy, and a column for marks that was added later', async () => {
    const id = await scene.follow(told('m_mark', { strategy: 'xmin' }))
    await target`alter table m_mark_new.plain add column gone_at timestamptz`
    const sync = { strategy: 'timestamp', column: 'updated_at', deletes: 'mark', mark: 'gone_at' }
    await done({ action: 'sync', migration_id: id, plan: await mended(id, sync) })
    await swept(id)
    await source`delete from m_mark.plain where id = 9`
    expect((await scene.sweep(id, 'deletes')).did).toEqual({ plain: '0 0 1 0' })
    expect(await scene.rows('select id from m_mark_new.plain where gone_at is not null')).toEqual([
      '9',
    ])
    await source`insert into m_mark.plain values (9, 'back')`
    await scene.sweep(id)
    const returned = 'select body, gone_at from m_mark_new.plain where id = 9'
    expect(await scene.rows(returned)).toEqual(['back -'])
  })

  test('goes on to be kept in step', async () => {
    const id = await scene.follow(told('m_stays'))
    const { sync: _sync, ...plan } = await mended(id)
    const asked = await scene.control({ action: 'sync', migration_id: id, plan })
    expect(asked).toMatchObject({ status: 400, code: 'sync_removed' })
    await change('m_stays')
    await scene.sweep(id)
    await expectEqual('m_stays')
  })
})
