/** The whole way of what a source's log tells: read, recorded, the rows read again, compared and written. */
import { dropDatabase } from '../../../scripts/local/index.ts'
import { connect, databaseName, ensureDataset } from '../dataset.ts'
import { right, table } from '../markdown.ts'
import type { BenchOptions } from '../options.ts'
import { median } from '../summary.ts'
import { type Followed, followSource, sweepTime } from './followed.ts'

/** What `--only` calls it. */
export const LOG_SWEEPS = 'log sweeps'

export interface LogSweep {
  readonly changes: number
  /** From the claim of its look to its end. */
  readonly ms: number
}

/** Of each table in a round: a sweep compares all rows of a table where the log names more than 200,000. */
const CHANGES = 150_000
const PUBLICATION = 'bench_log_sweeps'

export async function measureLogSweeps(
  { directory, dataset, rounds }: BenchOptions,
  say: (line: string) => void,
): Promise<readonly LogSweep[]> {
  say('Sweeps of what the log tells, the writing of it included …')
  const followed = await followSource(
    directory,
    async (source) => {
      const name = await ensureDataset(source, dataset)
      const sql = connect(source, name)
      await sql.unsafe(`create publication ${PUBLICATION} for all tables`)
      await sql.end()
      return name
    },
    () => ({ sync: { strategy: 'log', publication: PUBLICATION } }),
  )
  const measured: LogSweep[] = []
  try {
    await sweepTime(followed)
    for (let round = 0; round < rounds; round += 1) {
      const changes = await change(followed)
      const ms = await sweepTime(followed)
      measured.push({ changes, ms })
      say(`${Math.round(changes / (ms / 1000))} changes a second`)
    }
    return measured
  } finally {
    await followed.target`select migration.cancel(${followed.id}, 'bench')`.catch(() => undefined)
    await dropDatabase(followed.servers.source, databaseName(dataset)).catch(() => undefined)
    await followed.stop()
  }
}

/** Rows updated in transactions of ten. */
async function change({ source }: Followed): Promise<number> {
  const tables = await source<{ name: string }[]>`
    select tablename as name from pg_tables where schemaname = 'public'`
  await source`set synchronous_commit = off`
  for (const { name } of tables) {
    await source
      .unsafe(`do $$ begin for low in 1..${CHANGES} by 10 loop
        update ${name} set quantity = quantity + 1 where id between low and low + 9; commit; end loop; end $$`)
      .simple()
  }
  return CHANGES * tables.length
}

export function logSweepsTable(measured: readonly LogSweep[]): string[] {
  const rates = measured.map(({ changes, ms }) => changes / (ms / 1000))
  return table(
    [
      { title: 'sweeps of what the log tells' },
      right('changes'),
      right('sweep (s)'),
      right('changes a second'),
      right('goal'),
    ],
    [
      [
        'read, recorded, read again, written; median',
        String(measured[0]!.changes),
        (median(measured.map(({ ms }) => ms)) / 1000).toFixed(1),
        Math.round(median(rates)).toLocaleString('en-US'),
        '15,000',
      ],
    ],
  )
}
