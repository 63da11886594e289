/** The phases of a cut-over, worked off by hand instead of by functions. */
import type { Sql } from 'postgres'
import { expect } from 'vitest'
import { endSweep, passAtWork } from './driven-sync.ts'
import { type Claim, claim } from './fixture.ts'
import { endPass } from './passes.ts'

export const byRole = {
  sync: {
    schedule: { changes: '30 seconds' },
    cutover: { freeze: { role: 'app' }, verification: 'sample' },
  },
}

export interface PhaseClaim extends Claim {
  readonly kind: string
  readonly check_name: string
  readonly task: Record<string, unknown>
}

export const begin = (sql: Sql, id: string, { rehearsal = false, confirm = 'guarded' } = {}) =>
  sql`select migration.cutover(${id}, 'test', ${confirm}, ${rehearsal})`

/** What a worker does: comes, moves the chain on where it has to, and comes again. */
export async function work(sql: Sql, id: string): Promise<PhaseClaim | undefined> {
  return ((await claim(sql, id)) ?? (await claim(sql, id))) as PhaseClaim | undefined
}

/** Closes the phase that is next. @returns its name */
export async function phase(sql: Sql, id: string, outcome: object = {}): Promise<string> {
  const held = await work(sql, id)
  if (held?.kind !== 'cutover') throw new Error(`no phase of a cut-over, but ${held?.kind}`)
  await sql`select migration.complete_cutover(${id}, ${held.batch_id}, ${held.attempt}, ${JSON.stringify(outcome)}::text::jsonb, false)`
  return held.check_name
}

/** What comes before the freeze. */
export async function prepare(sql: Sql, id: string) {
  expect(await phase(sql, id, { writers: 1 })).toBe('check')
  await drain(sql, id)
  expect(await phase(sql, id)).toBe('analyze')
}

export async function freeze(sql: Sql, id: string, outcome: object = {}) {
  const held = (await work(sql, id))!
  expect(held).toMatchObject({ check_name: 'freeze', task: { phase: 'freeze', role: 'app' } })
  await sql`select migration.note_frozen(${id}, ${held.batch_id}, ${held.attempt}, 'off')`
  await sql`select migration.complete_cutover(${id}, ${held.batch_id}, ${held.attempt}, ${JSON.stringify(outcome)}::text::jsonb, false)`
}

export async function drain(sql: Sql, id: string) {
  await claim(sql, id)
  expect(await passAtWork(sql, id)).toBe('sync')
  await endSweep(sql, id)
}

export async function compare(sql: Sql, id: string, findings: object[] = []) {
  await claim(sql, id)
  expect(await passAtWork(sql, id)).toBe('verify')
  await endPass(sql, id, { findings, targetRows: 5 })
}

export async function newest(sql: Sql, id: string) {
  const [row] = await sql`
    select state, failure_code as code, frozen_at is not null as frozen, unfrozen_at is not null as unfrozen,
           (select array_agg(p ->> 'phase') from jsonb_array_elements(report -> 'phases') p) as phases,
           (report ->> 'downtime_ms')::int as downtime
      from migration.cutovers where migration_id = ${id} order by began_at desc limit 1`
  const [migration] = await sql`
    select o.status, y.state as sync, o.cutover_id is not null as cutting
      from migration.orchestrations o join migration.sync_status y on y.migration_id = o.id where o.id = ${id}`
  return { ...row, ...migration } as Record<string, unknown>
}
