/** The scaling curve: whole clones of growing data and of more and more tables. */
import { join } from 'node:path'
import { ferryRun } from './contenders/ferry-run.ts'
import { pgcopydb } from './contenders/native.ts'
import { type Dataset, ensureDataset } from './dataset.ts'
import { type BenchOptions, isWanted, usualLanes } from './options.ts'
import { type Measurement, runRounds } from './rounds.ts'
import type { BenchServers } from './servers.ts'

export interface Point {
  readonly name: string
  /** What grows along the curve that the point belongs to. */
  readonly grows: 'rows' | 'tables'
  readonly dataset: Dataset
}

export interface Measured {
  readonly point: Point
  readonly measurements: readonly Measurement[]
}

/** From here on a second tool tells whether the time is the servers' own. */
const MANY_TABLES = 1000
/** The same rows in all tables together, so that only the number of tables grows. */
const ROWS_IN_TABLES = 200_000

/** @param base width and types of the rows */
export function pointsOf(base: Dataset, isLarge: boolean): Point[] {
  const rows = [10_000, 100_000, 1_000_000, ...(isLarge ? [10_000_000] : [])]
  const tables = [1, 10, 100, MANY_TABLES]
  return [
    ...rows.map((count): Point => {
      return { name: rowsName(count), grows: 'rows', dataset: { ...base, rows: count, tables: 2 } }
    }),
    ...tables.map((count): Point => {
      const dataset = { ...base, rows: ROWS_IN_TABLES, tables: count }
      return { name: tablesName(count), grows: 'tables', dataset }
    }),
    {
      name: `${MANY_TABLES} empty tables`,
      grows: 'tables',
      dataset: { ...base, rows: 0, tables: MANY_TABLES },
    },
  ]
}

function rowsName(count: number): string {
  return `${count >= 1e6 ? `${count / 1e6} M` : `${count / 1e3} k`} rows`
}

function tablesName(count: number): string {
  return count === 1 ? '1 table' : `${count} tables`
}

export async function measureScaling(
  servers: BenchServers,
  options: BenchOptions,
  say: (line: string) => void,
): Promise<Measured[]> {
  const { jobs, rounds, directory } = options
  const repository = join(import.meta.dirname, '../..')
  const measured: Measured[] = []
  for (const point of pointsOf(options.dataset, options.large)) {
    if (!isWanted(options, point.name)) continue
    const { dataset } = point
    say(`${point.name} …`)
    const source = await ensureDataset(servers.source, dataset)
    const rival = dataset.tables >= MANY_TABLES && pgcopydb.absent(servers) === undefined
    const measurements = await runRounds({
      contest: {
        servers,
        dataset,
        source,
        lanes: options.lanes ?? usualLanes(),
        areLanesAsked: options.lanes !== undefined,
        jobs,
      },
      contenders: [ferryRun(repository), ...(rival ? [pgcopydb] : [])],
      rounds,
      directory,
      say,
    })
    measured.push({ point, measurements })
  }
  return measured
}
