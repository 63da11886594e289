/** What the servers refuse: what time can heal is tried again, what it cannot heal fails at once. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { type FaultRig, openFaultRig } from '../support/fault-rig.ts'

let rig: FaultRig
beforeAll(async () => {
  rig = await openFaultRig({
    sample: { rows: 2_000, tables: ['a'] },
    impatient: true,
    gentle: true,
  })
  await rig.sql.unsafe(`
    create schema refusing;
    create sequence refusing.done;
    create table refusing.plan (code text, times int);
    insert into refusing.plan values ('', 0);
    create function refusing.refuse() returns trigger language plpgsql as $$
    begin
      -- a sequence counts on when the transaction is rolled back
      if nextval('refusing.done') <= (select times from refusing.plan) then
        raise exception 'as the test asked' using errcode = (select code from refusing.plan);
      end if;
      return new;
    end $$`)
})
afterAll(() => rig.close())

/** Starts, then puts this trigger on the table before the first request leaves. */
async function startRefused(code: string, times: number): Promise<string> {
  await rig.sql`update refusing.plan set code = ${code}, times = ${times}`
  await rig.sql`alter sequence refusing.done restart`
  return await rig.start({ batchRows: 500 }, async () => {
    await rig.sql.unsafe(`create trigger refuse before insert on public.a
      for each row execute function refusing.refuse();
      alter table public.a enable always trigger refuse`)
  })
}

async function failure(id: string) {
  const [row] = await rig.sql<{ entity: string; codes: string[]; states: string[]; n: number }[]>`
    select (select error_summary from migration.batches b
             where b.migration_id = o.id and b.status = 'failed' limit 1) as entity,
           array(select distinct error_code::text from migration.errors e where e.migration_id = o.id) as codes,
           array(select distinct sqlstate::text from migration.errors e where e.migration_id = o.id) as states,
           (select count(*)::int from migration.errors e where e.migration_id = o.id) as n
      from migration.orchestrations o where o.id = ${id}`
  return row!
}

describe('a refusal', () => {
  afterEach(() => rig.clear())

  it.each([
    ['40001', 'target_conflict'],
    ['40P01', 'target_conflict'],
    ['53300', 'target_busy'],
    ['57P01', 'target_unreachable'],
    ['25006', 'target_read_only'],
  ])('of the target with %s is tried again', async (state, code) => {
    const id = await startRefused(state, 2)
    const ended = await rig.endsExact(id)
    expect(ended.attempts).toBe(ended.batches + 2)
    expect(await failure(id)).toMatchObject({ codes: [code], states: [state], n: 2 })
  })

  it.each([
    ['42501', 'target_privilege_missing'],
    ['42P01', 'target_object_missing'],
    ['23514', 'target_constraint_violated'],
  ])('of the target with %s fails at once, and goes on when it is gone', async (state, code) => {
    const id = await startRefused(state, 1)
    await rig.reaches(id, 'failed')
    expect(await failure(id)).toMatchObject({ entity: code, codes: [code], states: [state], n: 1 })
    await rig.control('retry', id)
    await rig.endsExact(id)
  })

  it('of the source for want of a privilege fails at once', async () => {
    // A role of its own: the one that all tests share may read everything.
    const role = `reader_of_${rig.names.legacy}`
    await rig.legacy.unsafe(`create role ${role} login password 'postgres';
      grant select on public.a to ${role}`)
    const usual = rig.reader
    rig.project.setSecret('LEGACY_DATABASE_URL', usual.replace('legacy_reader', role))
    try {
      const id = await rig.start({}, () =>
        rig.legacy.unsafe(`revoke select on public.a from ${role}`),
      )
      await rig.reaches(id, 'failed')
      expect(await failure(id)).toMatchObject({
        codes: ['source_privilege_missing'],
        states: ['42501'],
        n: 1,
      })
      await rig.legacy.unsafe(`grant select on public.a to ${role}`)
      await rig.control('retry', id)
      await rig.endsExact(id)
    } finally {
      rig.project.setSecret('LEGACY_DATABASE_URL', usual)
      await rig.legacy.unsafe(`drop owned by ${role}; drop role ${role}`)
    }
  })

  it('of the source for want of a table fails at once', async () => {
    const id = await rig.start({}, () => rig.legacy`alter table public.a rename to gone`)
    await rig.reaches(id, 'failed')
    expect(await failure(id)).toMatchObject({ codes: ['source_object_missing'], n: 1 })
    await rig.legacy`alter table public.gone rename to a`
    await rig.control('retry', id)
    await rig.endsExact(id)
  })

  it('of the source for want of a connection is tried again', async () => {
    const limit = (n: number) =>
      rig.legacy.unsafe(`alter database ${rig.names.legacy} connection limit ${n}`)
    const id = await rig.start({ maxRetries: 20 }, () => limit(0))
    await eventually(async () => (await failure(id)).n > 0, { what: 'the first refusal' })
    await limit(-1)
    await rig.endsExact(id)
    expect(await failure(id)).toMatchObject({ codes: ['source_busy'], states: ['53300'] })
  })

  it('of a target that takes no writes outlasts the report of it, too', async () => {
    const readOnly = async (on: boolean) => {
      await rig.sql.unsafe(
        `alter database ${rig.names.target} set default_transaction_read_only = ${on}`,
      )
    }
    const id = await rig.start({}, () => readOnly(true))
    const accepted = () =>
      rig.project.functionLines().some(({ text }) => text.includes('target_read_only'))
    await eventually(accepted, { what: 'a function meets it' })
    await rig.sql`set session characteristics as transaction read write`
    await readOnly(false)
    await rig.endsExact(id)
  })
})
