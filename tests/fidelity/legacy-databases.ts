/** The databases that others made, as sources: how each is filled, and how much must arrive of it. */
import { type DataSet, expectedCounts, loadDataSet, loadLegacyClinic } from '../support/dump.ts'

export interface LegacyDatabase {
  readonly name: string
  readonly schemas: readonly string[]
  /** Tables that a copy has, partitions not counted. */
  readonly tables: number
  /** Least and most rows of a first batch: small enough for a copy to be interrupted. */
  readonly batchRows: readonly [number, number]
  /** Minutes for all that is done to it once. */
  readonly minutes: number
  /** Fills an empty database. @returns rows that the set promises in these schemas */
  fill(address: string): Promise<number>
}

const dump = (name: DataSet, tables: number, batchRows: readonly [number, number]) => ({
  name,
  tables,
  batchRows,
  minutes: 3,
  schemas: name === 'debezium-types' ? ['public', 'Quoted_" . Schema'] : ['public'],
  async fill(address: string) {
    await loadDataSet(address, name)
    // A partitioned table's rows are counted with its partitions.
    const counts = [...(await expectedCounts(name)).values()]
    return counts.reduce((sum, { rows, partitioned }) => sum + (partitioned ? 0 : rows), 0)
  },
})

const clinic = (scale: number, batchRows: readonly [number, number], minutes: number) => ({
  name: `clinic, scale ${scale}`,
  tables: 26,
  batchRows,
  minutes,
  schemas: ['public'],
  async fill(address: string) {
    const { rows } = await loadLegacyClinic(address, { scale, dirt: 1 })
    return rows.get('= total') ?? Number.NaN
  },
})

/** Those that a default run can afford. */
export const SMALL: readonly LegacyDatabase[] = [
  dump('chinook', 11, [5, 500]),
  dump('northwind', 14, [3, 100]),
  dump('pagila', 15, [20, 1000]),
  dump('debezium-types', 24, [1, 3]),
  clinic(1, [100, 2000], 5),
]

export const LARGE: readonly LegacyDatabase[] = [clinic(10, [1000, 20_000], 15)]
