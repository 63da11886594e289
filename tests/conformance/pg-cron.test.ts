/** What pg_cron 1.6 does, and so its stand-in. See subject.ts for running it against the real one. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { isReal, openSubject, signatures, uniqueName } from './subject.ts'

const { sql } = await openSubject()
const table = uniqueName('cron_seen')
await sql`create table public.${sql(table)} (
  id bigint generated always as identity, note text, who text default current_user,
  at timestamptz not null default clock_timestamp())`
const scheduled: string[] = []

afterEach(async () => {
  for (const job of scheduled.splice(0)) {
    await sql`select cron.unschedule(${job}) from cron.job where jobname = ${job}`
  }
})
afterAll(async () => {
  await sql`drop table public.${sql(table)}`
})

/** Schedules a job whose name no other run uses. */
async function schedule(when: string, command: string): Promise<{ name: string; id: string }> {
  const name = uniqueName('conformance')
  scheduled.push(name)
  const [row] = await sql<
    { id: string }[]
  >`select cron.schedule(${name}, ${when}, ${command}) as id`
  return { name, id: row!.id }
}

function runs(id: string) {
  return sql<
    { status: string; return_message: string; job_pid: number | null; username: string }[]
  >`
    select status, return_message, job_pid, username from cron.job_run_details
     where jobid = ${id} and end_time is not null order by runid`
}

function seen(note: string) {
  return sql<{ who: string; at: Date }[]>`
    select who, at from public.${sql(table)} where note = ${note} order by id`
}

describe('the surface of pg_cron', () => {
  it('has the signatures of 1.6', async () => {
    const found = await signatures(sql, ['cron.schedule', 'cron.unschedule', 'cron.alter_job'])
    expect(found).toEqual([
      'cron.alter_job(job_id bigint, schedule text DEFAULT NULL::text, command text DEFAULT NULL::text, database text DEFAULT NULL::text, username text DEFAULT NULL::text, active boolean DEFAULT NULL::boolean) returns void',
      'cron.schedule(job_name text, schedule text, command text) returns bigint',
      'cron.schedule(schedule text, command text) returns bigint',
      'cron.unschedule(job_id bigint) returns boolean',
      'cron.unschedule(job_name text) returns boolean',
    ])
  })

  it('replaces a job of the same name and user', async () => {
    const { name, id } = await schedule('5 4 * * *', 'select 1')
    const [again] = await sql`select cron.schedule(${name}, '6 4 * * *', 'select 2') as id`
    expect(again).toEqual({ id })
    expect(await sql`select schedule, command from cron.job where jobname = ${name}`).toEqual([
      { schedule: '6 4 * * *', command: 'select 2' },
    ])
  })

  it('unschedules by name and refuses a name it does not know', async () => {
    const { name } = await schedule('5 4 * * *', 'select 1')
    expect(await sql`select cron.unschedule(${name}) as done`).toEqual([{ done: true }])
    await expect(sql`select cron.unschedule(${name})`).rejects.toThrow(/could not find valid entry/)
  })

  it.each(['61 * * * *', '60 seconds', '0 seconds', '* * * *', 'daily', '5-1 * * * *'])(
    'refuses the schedule %s',
    async (when) => {
      await expect(schedule(when, 'select 1')).rejects.toThrow(/invalid schedule/)
    },
  )

  it('reads six fields as five', async () => {
    await schedule('*/10 * * * * *', 'select 1')
  })

  it('lets nobody write its table, and shows a role its own jobs only', async () => {
    await schedule('5 4 * * *', 'select 1')
    await expect(
      sql`insert into cron.job (schedule, command) values ('* * * * *', 'select 1')`,
    ).rejects.toMatchObject({ code: '42501' })
    const role = uniqueName('conformance_reader')
    await sql`create role ${sql(role)}`
    await sql`grant usage on schema cron to ${sql(role)}`
    await sql`grant ${sql(role)} to postgres`
    try {
      const visible = await sql.begin(async (tx) => {
        await tx`set local role ${tx(role)}`
        return await tx`select from cron.job`
      })
      expect(visible).toHaveLength(0)
    } finally {
      await sql`revoke usage on schema cron from ${sql(role)}`
      await sql`drop role ${sql(role)}`
    }
  })
})

describe('a job', () => {
  it('runs every so many seconds as the role that scheduled it, with a row per run', async () => {
    const note = uniqueName('run')
    const { id } = await schedule(
      '1 second',
      `insert into public.${table} (note) values ('${note}')`,
    )
    await eventually(async () => (await runs(id)).length >= 2, { within: 10_000 })
    const [first] = await seen(note)
    expect(first?.who).toBe('postgres')
    const [run] = await runs(id)
    expect(run).toMatchObject({ status: 'succeeded', username: 'postgres' })
    expect(run?.return_message).toBe('INSERT 0 1')
    expect(run?.job_pid).toBeGreaterThan(0)
    await sql`delete from cron.job_run_details where jobid = ${id}`
  })

  it('is one transaction however many statements it has; a failure is a row', async () => {
    const note = uniqueName('atomic')
    const { id } = await schedule(
      '1 second',
      `insert into public.${table} (note) values ('${note}'); select 1 / 0`,
    )
    await eventually(async () => (await runs(id)).length >= 1, { within: 10_000 })
    const [run] = await runs(id)
    expect(run?.status).toBe('failed')
    expect(run?.return_message).toMatch(/division by zero/)
    expect(await seen(note)).toHaveLength(0)
  })

  it('lifts its statement timeout by a first statement', async () => {
    const note = uniqueName('lifted')
    await schedule(
      '1 second',
      `set statement_timeout = 0;
       insert into public.${table} (note, who) values ('${note}', current_setting('statement_timeout'))`,
    )
    const [row] = await eventually(
      async () => {
        const rows = await seen(note)
        if (rows.length === 0) throw new Error('not run yet')
        return rows
      },
      { within: 10_000 },
    )
    expect(row?.who).toBe('0')
  })

  it('does not overlap itself, while others run', async () => {
    const began = uniqueName('began')
    const ended = uniqueName('ended')
    const other = uniqueName('other')
    await schedule(
      '1 second',
      `insert into public.${table} (note) values ('${began}'); select pg_sleep(2.2);
       insert into public.${table} (note) values ('${ended}')`,
    )
    await schedule('1 second', `insert into public.${table} (note) values ('${other}')`)
    await eventually(async () => (await seen(ended)).length >= 2, { within: 15_000 })
    const starts = (await seen(began)).map((row) => row.at.getTime())
    const ends = (await seen(ended)).map((row) => row.at.getTime())
    for (const [index, end] of ends.entries()) {
      const next = starts[index + 1]
      if (next !== undefined) expect(next).toBeGreaterThanOrEqual(end)
    }
    expect((await seen(other)).length).toBeGreaterThan(ends.length)
  })

  it('stops when it is made inactive', async () => {
    const note = uniqueName('inactive')
    const { id } = await schedule(
      '1 second',
      `insert into public.${table} (note) values ('${note}')`,
    )
    await eventually(async () => (await seen(note)).length >= 1, { within: 10_000 })
    await sql`select cron.alter_job(${id}, active => false)`
    await sleep(1500)
    const count = (await seen(note)).length
    await sleep(2500)
    expect((await seen(note)).length).toBe(count)
  })

  it.skipIf(isReal)('fails as a role that may not log in', async () => {
    const role = uniqueName('conformance_nologin')
    await sql`create role ${sql(role)} nologin`
    await sql`grant usage on schema cron to ${sql(role)}`
    await sql`grant ${sql(role)} to postgres`
    const name = uniqueName('conformance')
    await sql.begin(async (tx) => {
      await tx`set local role ${tx(role)}`
      await tx`select cron.schedule(${name}, '1 second', 'select 1')`
    })
    const [job] = await sql<{ jobid: string }[]>`select jobid from cron.job where jobname = ${name}`
    await eventually(async () => (await runs(job!.jobid)).length >= 1, { within: 10_000 })
    expect((await runs(job!.jobid))[0]).toMatchObject({
      status: 'failed',
      return_message: 'connection failed',
      username: role,
    })
    await sql.begin(async (tx) => {
      await tx`set local role ${tx(role)}`
      await tx`select cron.unschedule(${name})`
    })
  })
})
