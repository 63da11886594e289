/** Sweeps by a column of times: of tables that have not changed, and of ones where a row in a hundred has. */
import type { CompiledEntity } from '../../../shared/projection/entity.ts'
import type { Question } from '../../../shared/projection/sweep.ts'
import { openSource } from '../../../shared/source/connect.ts'
import { readFacts } from '../../../shared/sync/facts.ts'
import { look } from '../../../shared/sync/look.ts'
import { right, table } from '../markdown.ts'
import { median } from '../summary.ts'
import { type Followed, sweepTime } from './followed.ts'

export interface WindowTimes {
  /** Milliseconds of the copy, steps included. */
  readonly copy: number
  /** What an idle sweep asks the source about one table, round trips included. */
  readonly asked: readonly number[]
  /** The whole of an idle sweep, from its claim to its end. */
  readonly idle: readonly number[]
  /** From the claim of its look to its end, with changed rows. */
  readonly changed: readonly number[]
  readonly changed_rows: number
}

/** The column that has an index, and that every change sets. */
export const WATCHED = 'created_at'

export async function measureWindow(followed: Followed, rounds: number): Promise<WindowTimes> {
  const copy = await copyTime(followed)
  // What the copy left behind lies within the overlap once.
  await sweepTime(followed)
  const idle: number[] = []
  for (let round = 0; round < 2 * rounds; round += 1) idle.push(await sweepTime(followed))
  const asked = await askedTimes(followed, 5 * rounds)
  const changed: number[] = []
  let changed_rows = 0
  for (let round = 0; round < rounds; round += 1) {
    changed_rows = await change(followed, round)
    changed.push(await sweepTime(followed))
  }
  return { copy, asked, idle, changed, changed_rows }
}

async function copyTime({ target, id }: Followed): Promise<number> {
  const [row] = await target<{ ms: number }[]>`
    select extract(epoch from finished_at - started_at)::float * 1000 as ms
      from migration.orchestrations where id = ${id}`
  return row!.ms
}

/** The same questions from here, over one connection that is open already. */
async function askedTimes({ target, id, sourceUrl }: Followed, rounds: number): Promise<number[]> {
  const [row] = await target<{ definition: CompiledEntity; since: { xmin: string } }[]>`
    select e.definition, p.watermark as since from migration.entity_statuses e
      join migration.sync_positions p on p.entity_status_id = e.id where e.migration_id = ${id} limit 1`
  const source = openSource(sourceUrl)
  const times: number[] = []
  try {
    // The first one opens the connection.
    for (let round = -1; round < rounds; round += 1) {
      const began = performance.now()
      const { clock } = await readFacts(source)
      const question: Question = {
        entity_status_id: id,
        entity_name: 'public.measured',
        definition: row!.definition,
        scope: 'changes',
        since: row!.since,
        low: clock,
        horizon: clock,
        known_schema: null,
      }
      await look(source, [question])
      if (round >= 0) times.push(performance.now() - began)
    }
  } finally {
    await source.close()
  }
  return times
}

async function change({ source }: Followed, round: number): Promise<number> {
  const tables = await source<{ name: string }[]>`
    select tablename as name from pg_tables where schemaname = 'public'`
  let rows = 0
  for (const { name } of tables) {
    const changed = await source`update ${source(name)}
      set ${source(WATCHED)} = now(), quantity = quantity + 1 where id % 100 = ${round}`
    rows += changed.count
  }
  return rows
}

export function windowTables({ copy, asked, idle, changed, changed_rows }: WindowTimes): string[] {
  const share = median(changed) / copy
  const rows: [string, string, string][] = [
    ['nothing changed: asked of the source (ms)', median(asked).toFixed(1), '20'],
    ['nothing changed: the sweep, once its function runs (ms)', median(idle).toFixed(0), '200'],
    [`${changed_rows} rows changed: the sweep (s)`, (median(changed) / 1000).toFixed(2), ''],
    ['the same ÷ the copy with its indexes', share.toFixed(3), '0.05'],
  ]
  return table([{ title: 'sweeps by a column of times' }, right('median'), right('goal')], rows)
}
