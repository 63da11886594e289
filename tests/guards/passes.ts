/** A migration driven by hand behind its copy: what the guards of verification are tested on. */
import type { Sql } from 'postgres'
import { type Claim, carve, claim, type Driven, driveMigration, load } from './fixture.ts'

export interface ClaimedCheck extends Claim {
  readonly kind: string
  readonly check_name: string
}

/** Rows that the copy of a driven migration has moved. */
export const ROWS = 5

/** A migration whose rows are in; its gate has begun, and nobody has claimed a batch of it. */
export async function driveToGate(url: string, table: string): Promise<Driven> {
  const driven = await driveMigration(url, table)
  const { sql, id } = driven
  const held = (await claim(sql, id))!
  await carve(sql, id, held, String(ROWS), false)
  await load(sql, id, held, table, 1, ROWS)
  return driven
}

/** The next batch of the pass at work. */
export async function claimCheck(sql: Sql, id: string): Promise<ClaimedCheck> {
  return (await claim(sql, id)) as ClaimedCheck
}

export interface Reported {
  readonly targetRows?: number
  readonly findings?: readonly object[]
}

/** Closes a batch as its check would: passed where it reports no finding. */
export async function report(
  sql: Sql,
  id: string,
  held: ClaimedCheck,
  { targetRows = ROWS, findings = [] }: Reported = {},
): Promise<void> {
  const rows = held.check_name === 'rows'
  const check = rows ? 'checksum' : 'schema'
  const result = {
    check,
    type: 'data_completeness',
    status: findings.length === 0 ? 'passed' : 'failed',
    validated: ROWS,
    issues: findings.length,
    criteria: { mode: 'full' },
    duration_ms: 1,
    ...(rows ? { source_rows: ROWS, target_rows: targetRows } : {}),
  }
  const all = findings.map((finding) => ({ check, severity: 'failed', ...finding }))
  await sql`select migration.complete_check(${id}, ${held.batch_id}, ${held.attempt},
    ${JSON.stringify([result])}::text::jsonb, ${JSON.stringify(all)}::text::jsonb, false)`
}

/** Works off what is left of the pass; the findings belong to the check of the rows. */
export async function endPass(sql: Sql, id: string, reported: Reported = {}): Promise<void> {
  for (;;) {
    const held = (await claim(sql, id)) as ClaimedCheck | undefined
    if (held === undefined) return
    await report(sql, id, held, held.check_name === 'rows' ? reported : {})
  }
}

export interface PassRow {
  readonly kind: string
  readonly mode: string
  readonly is_gate: boolean
  readonly status: string
}

/** Passes, oldest first. */
export async function passes(sql: Sql, id: string): Promise<PassRow[]> {
  return [
    ...(await sql<PassRow[]>`select kind, mode, is_gate, status from migration.verifications
      where migration_id = ${id} order by started_at`),
  ]
}

export async function stateOf(sql: Sql, id: string) {
  const [row] = await sql<{ status: string; failure_code: string | null }[]>`
    select status, failure_code from migration.orchestrations where id = ${id}`
  return { ...row! }
}

/** Ends the pass at work as a batch does that cannot be done. */
export async function breakOff(sql: Sql, id: string): Promise<void> {
  const held = await claimCheck(sql, id)
  await sql`select migration.fail_batch(${id}, ${held.batch_id}, ${held.attempt}, 'unknown', 'x', null, 'x', false)`
}
