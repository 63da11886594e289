/** Sweeps driven by hand: the look and the batches it asks for, as a function would close them. */
import type { Sql } from 'postgres'
import { type Claim, claim } from './fixture.ts'
import type { Held } from './sweeps.ts'

export interface Facts {
  readonly clock: string
  readonly system: string
  readonly timeline: string
  readonly xmin: string
  readonly next: string
  readonly log_position: string
}

export const facts: Facts = {
  clock: '2026-01-01T00:00:00+00:00',
  system: '7',
  timeline: '1',
  xmin: '100',
  next: '100',
  log_position: '1000',
}

export const later: Facts = {
  ...facts,
  clock: '2026-01-01T01:00:00+00:00',
  xmin: '200',
  next: '200',
}

export interface Wanted {
  readonly kind: 'sync' | 'reconcile'
  readonly check?: string
  readonly task?: object
}

export interface Answer {
  readonly entity_status_id: string
  readonly entity_name: string
  readonly scope: string
  readonly horizon: string
  readonly schema: string | null
  readonly known_schema: string | null
  readonly last_id?: string
  readonly batches: readonly Wanted[]
}

export const changes: readonly Wanted[] = [{ kind: 'sync' }]
export const rows: readonly Wanted[] = [{ kind: 'reconcile', check: 'rows' }]

/** What a look says about one entity: nothing to do, where nothing else is asked for. */
export function answer(entityId: string, said: Partial<Answer> = {}): Answer {
  return {
    entity_status_id: entityId,
    entity_name: 'legacy.thing',
    scope: 'changes',
    horizon: facts.clock,
    schema: 'digest',
    known_schema: 'digest',
    batches: [],
    ...said,
  }
}

/** Scope by entity, in the order of the plan. */
export async function openLook(sql: Sql, id: string, look: Claim, seen = facts): Promise<string[]> {
  const asked = await sql<{ scope: string }[]>`
    select scope from migration.open_look(${id}, ${look.batch_id}, ${look.attempt}, ${JSON.stringify(seen)}::text::jsonb)`
  return asked.map(({ scope }) => scope)
}

export async function completeLook(
  { sql, id }: Held,
  look: Claim,
  answers: readonly Answer[],
  seen = facts,
): Promise<void> {
  await sql`select migration.complete_look(${id}, ${look.batch_id}, ${look.attempt},
    ${JSON.stringify({ facts: seen, answers })}::text::jsonb, false)`
}

export async function completeSync(sql: Sql, id: string, held: Claim, counts: object = {}) {
  await sql`select migration.complete_sync(${id}, ${held.batch_id}, ${held.attempt},
    ${JSON.stringify({ read: 0, ...counts })}::text::jsonb, false)`
}

/** Closes what is claimable as batches that changed nothing; how many those were. */
export async function workOff(sql: Sql, id: string): Promise<number> {
  for (let batches = 0; ; batches++) {
    const held = await claim(sql, id)
    if (held === undefined) return batches
    await completeSync(sql, id, held)
  }
}

/** Ends the first sweep: every row was compared, and was equal. */
export async function catchUp(held: Held): Promise<void> {
  const compared = { scope: 'hash', batches: rows }
  await completeLook(held, held.look, [
    answer(held.parentId, compared),
    answer(held.childId, compared),
  ])
  await workOff(held.sql, held.id)
}

/** Begins another sweep, and holds its look. */
export async function nextLook({ sql, id }: Held, scope = 'changes'): Promise<Claim> {
  await sql`select migration.sweep(${id}, 'test', ${scope})`
  return (await claim(sql, id))!
}

/** The code, which the control plane puts into the detail, that a sweep is refused with. */
export async function refusal(
  sql: Sql,
  id: string,
  scope = 'changes',
): Promise<string | undefined> {
  try {
    await sql`select migration.sweep(${id}, 'test', ${scope})`
    return undefined
  } catch (error) {
    return (error as { detail?: string }).detail
  }
}

export async function position(sql: Sql, entityId: string) {
  const [row] = await sql<
    { watermark: object; changes_at: Date | null; deletes_at: Date | null; hash_at: Date | null }[]
  >`select watermark, changes_at, deletes_at, hash_at from migration.sync_positions where entity_status_id = ${entityId}`
  return { ...row! }
}

/** Rows of sweeps in orchestrations, oldest first. */
export async function sweepRows(sql: Sql, id: string) {
  const found = await sql<
    { status: string; failure_code: string | null; is_open: boolean; records: string }[]
  >`
    select status, failure_code, is_open, concat_ws('/', records_read, records_processed, records_failed) as records
      from migration.orchestrations where parent_id = ${id} order by created_at`
  return found.map((row) => ({ ...row }))
}

export async function haltOf(sql: Sql, id: string): Promise<string | null> {
  const [row] = await sql<{ halted_code: string | null }[]>`
    select halted_code from migration.sync_states where migration_id = ${id}`
  return row!.halted_code
}

/** Another sweep, whose look has asked for these batches of parent and child. */
export async function swept(
  sweep: Held,
  parent: Partial<Answer>,
  child: Partial<Answer>,
  scope = 'changes',
): Promise<void> {
  const said = { horizon: later.clock, scope }
  await completeLook(
    sweep,
    await nextLook(sweep, scope),
    [answer(sweep.parentId, { ...said, ...parent }), answer(sweep.childId, { ...said, ...child })],
    later,
  )
}

/** The child waits for its parent. */
export async function depends({ sql, childId, parentId }: Held, kind = 'copy'): Promise<void> {
  await sql`insert into migration.entity_dependencies (entity_status_id, kind, depends_on, until)
    values (${childId}, ${kind}, ${parentId}, 'completed')`
}
