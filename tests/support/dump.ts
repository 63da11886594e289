/** The shared data sets: where they lie, loading them, and how many rows they promise. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runScript, type ScriptResult } from './psql-script.ts'

/** Data sets that are a dump of a PostgreSQL database. */
export const DATA_SETS = {
  chinook: 'chinook_pg_serial.sql',
  northwind: 'northwind.sql',
  pagila: 'pagila.sql',
  'debezium-types': 'debezium_types.sql',
} as const

export type DataSet = keyof typeof DATA_SETS

/** The folder of shared data sets beside the project, or undefined where there is none. */
export function sharedData(): string | undefined {
  const folder = fileURLToPath(new URL('../../../shared/data', import.meta.url))
  return existsSync(folder) ? folder : undefined
}

/**
 * Loads a data set into an empty database, as a role that may create its extensions.
 * @throws Error where the shared folder does not exist: ask `sharedData()` first
 */
export async function loadDataSet(address: string, name: DataSet): Promise<void> {
  const text = await readFile(join(folder(), name, DATA_SETS[name]), 'utf8')
  // A dump of release 17 sets this to its default; older servers do not know it.
  await runScript(address, text.replace(/^set transaction_timeout = 0;$/im, ''))
}

export interface LegacyClinic {
  /** md5 over the main tables: the same scale, dirt and seed always give the same. */
  readonly fingerprint: string
  /** Rows per table as the script counted them; `= total` is their sum. */
  readonly rows: ReadonlyMap<string, number>
  readonly results: readonly ScriptResult[]
}

/** Generates the dirty legacy clinic; `scale` 1 is about 100,000 rows. Its answers lie in schema `_dirt`. */
export async function loadLegacyClinic(
  address: string,
  variables: Readonly<Record<string, string | number>> = {},
): Promise<LegacyClinic> {
  const text = await readFile(join(folder(), 'generate-legacy-clinic.sql'), 'utf8')
  const results = await runScript(address, text, variables)
  const fingerprint = results.find(({ columns }) => columns[0] === 'fingerprint')?.rows[0]?.[0]
  const counts = results.find(({ columns }) => columns[0] === 'table' && columns[1] === 'rows')
  if (!fingerprint || !counts) throw new Error('the generator did not report what it made')
  const rows = new Map(counts.rows.map(([table, n]) => [table ?? '', Number(n)]))
  return { fingerprint, rows, results }
}

/** One round of changes to a generated clinic. */
export async function changeLegacyClinic(
  address: string,
  variables: Readonly<Record<string, string | number>> = {},
): Promise<readonly ScriptResult[]> {
  const text = await readFile(join(folder(), 'generate-legacy-clinic-changes.sql'), 'utf8')
  return runScript(address, text, variables)
}

/** Rows that a data set promises, by `schema.table`; `partitioned` parents count their partitions' rows. */
export async function expectedCounts(
  name: DataSet,
): Promise<ReadonlyMap<string, { readonly rows: number; readonly partitioned: boolean }>> {
  const text = await readFile(join(folder(), name, 'expected-counts.tsv'), 'utf8')
  const lines = text.split('\n').filter((line) => line !== '')
  return new Map(
    lines.map((line) => {
      const [table = '', kind, rows] = line.split('\t')
      return [table, { rows: Number(rows), partitioned: kind === 'p' }]
    }),
  )
}

function folder(): string {
  const path = sharedData()
  if (path === undefined) throw new Error('the shared data sets are not beside the project')
  return path
}
