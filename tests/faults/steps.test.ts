/** Steps after the copy: who runs them when a migration comes back, or is born while a sweep looks. */
import type { Sql } from 'postgres'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { claim, configuration, driveMigration, load } from '../guards/fixture.ts'
import { passVerification } from '../support/checks.ts'
import { testDatabase } from '../support/database.ts'

let url: string
let drop: () => Promise<void>

beforeAll(async () => {
  ;({ url, drop } = await testDatabase())
})
afterAll(() => drop())

describe('the jobs that run steps', () => {
  it('come back with the retry of a migration whose step failed', async () => {
    const { sql, connect } = await driveMigration(url, 'unrelated')
    const id = await startWithStep(sql, 'stepped', 'alter table public.stepped add check (id > 1)')
    await copyOneRow(sql, id, 'stepped')
    await sql`select migration.run_steps()`
    expect(await statusOf(sql, id)).toBe('failed')
    await sql`select migration.watchdog()`
    expect(await jobs(sql)).toBe(0)

    await sql`update public.stepped set id = 2`
    await sql`select migration.retry(${id}, 'test')`
    expect(await jobs(sql)).toBe(2)
    await sql`select migration.run_steps()`
    await passVerification(sql, id)
    expect(await statusOf(sql, id)).toBe('completed')
    await Promise.all([sql.end(), connect().end()])
  })

  it('stay when a sweep finds nothing left to do while another migration begins', async () => {
    const { sql, connect } = await driveMigration(url, 'unrelated_too')
    const other = connect()
    const done = await startWithStep(sql, 'before', 'select 1')
    await copyOneRow(sql, done, 'before')
    await sql`select migration.run_steps()`
    await passVerification(sql, done)
    expect(await statusOf(sql, done)).toBe('completed')
    expect(await jobs(sql)).toBe(2)

    let swept: Promise<unknown> = Promise.resolve()
    await sql.begin(async (tx) => {
      await startWithStep(tx as unknown as Sql, 'after', 'select 1')
      swept = other`select migration.watchdog()`.execute()
      // The sweep either passes without waiting, or it waits for this transaction.
      await Promise.race([swept, new Promise((resolve) => setTimeout(resolve, 300))])
    })
    await swept
    expect(await jobs(sql)).toBe(2)
    await Promise.all([sql.end(), other.end()])
  })
})

async function startWithStep(sql: Sql, table: string, statement: string): Promise<string> {
  await sql.unsafe(`create table public.${table} (id integer primary key, note text)`)
  const entity = {
    entity_name: `legacy.${table}`,
    target_entity: `public.${table}`,
    dependency_order: 1,
    records_total: 1,
    definition: { target: { schema: 'public', table } },
    steps: [{ kind: 'check', stage: 1, object_name: table, statement }],
  }
  const [row] = await sql<{ id: string }[]>`
    select migration.start(p_plan => '{"name":"stepped"}', p_plan_fingerprint => 'p',
      p_source_fingerprint => 's', p_entities => ${JSON.stringify([entity])}::text::jsonb,
      p_configuration => ${JSON.stringify(configuration)}::text::jsonb, p_created_by => 'test') as id`
  return row!.id
}

async function copyOneRow(sql: Sql, id: string, table: string): Promise<void> {
  await load(sql, id, (await claim(sql, id))!, table, 1, 1)
}

async function statusOf(sql: Sql, id: string): Promise<string> {
  const [row] = await sql<{ status: string }[]>`
    select status from migration.orchestrations where id = ${id}`
  return row!.status
}

async function jobs(sql: Sql): Promise<number> {
  const [row] = await sql<{ n: number }[]>`
    select count(*)::int as n from cron.job where jobname like 'supaferry-steps-%'`
  return row!.n
}
