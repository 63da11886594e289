/** A migration in sync mode that no function works on: what verbs, schedules and the cut-over's chain are tested on. */
import type { Sql } from 'postgres'
import { type Claim, claim, type Driven, driveMigration } from './fixture.ts'

/** Rows and steps are done, and the first sweep has caught up. */
export async function driveToSync(url: string, table: string, plan: object = {}): Promise<Driven> {
  const driven = await driveMigration(url, table)
  const { sql, id } = driven
  const whole = { name: 'guarded', source: { secret: 'LEGACY_DATABASE_URL' }, sync: {}, ...plan }
  await sql`update migration.orchestrations set plan = ${JSON.stringify(whole)}::text::jsonb where id = ${id}`
  await sql`
    update migration.entity_statuses set status = 'completed', started_at = now(), completed_at = now(), copied_at = now(),
           records_total = 0, definition = definition || '{"sync": {"strategy": "hash", "overlap_seconds": 0}}'
     where migration_id = ${id}`
  await sql`delete from migration.batches where migration_id = ${id}`
  await sql`update migration.orchestrations set completed_entities = total_entities, copied_at = now(), finished_at = now() where id = ${id}`
  await sql`select migration._enter_sync(${id})`
  await catchUp(sql, id)
  return driven
}

/** As if a sweep of all rows had ended now. */
export async function catchUp(sql: Sql, id: string): Promise<void> {
  await sql`update migration.sync_states set caught_up_at = now() where migration_id = ${id}`
  await sql`update migration.sync_positions set changes_at = now(), deletes_at = now(), hash_at = now() where migration_id = ${id}`
}

/** Ends the sweep at work as one that found nothing. */
export async function endSweep(sql: Sql, id: string): Promise<void> {
  const look = (await claim(sql, id)) as (Claim & { kind: string }) | undefined
  if (look?.kind !== 'look') throw new Error(`no look to claim, but ${look?.kind}`)
  await sql.begin(async (tx) => {
    const now = new Date().toISOString()
    const facts = {
      clock: now,
      system: '1',
      timeline: '1',
      xmin: '1',
      next: '1',
      log_position: '0',
    }
    const answers = await tx<{ entity_status_id: string }[]>`
      select entity_status_id from migration.open_look(${id}, ${look.batch_id}, ${look.attempt}, ${JSON.stringify(facts)}::text::jsonb)`
    const found = answers.map((answer) => ({
      ...answer,
      scope: 'hash',
      horizon: now,
      schema: 's',
      known_schema: null,
      batches: [],
    }))
    await tx`select migration.complete_look(${id}, ${look.batch_id}, ${look.attempt},
      ${JSON.stringify({ facts, answers: found })}::text::jsonb, false)`
  })
}

export async function passAtWork(sql: Sql, id: string): Promise<string | null> {
  const [row] = await sql<{ kind: string | null }[]>`
    select (select kind from migration.verifications v where v.id = o.verification_id) as kind
      from migration.orchestrations o where o.id = ${id}`
  return row!.kind
}

/** The code of a refusal of the control plane. */
export async function codeOf(work: PromiseLike<unknown>): Promise<string> {
  try {
    await work
  } catch (error) {
    const { code, detail } = error as { code?: string; detail?: string }
    return `${code} ${detail}`
  }
  return 'not refused'
}
