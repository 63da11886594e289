/** A faithful copy of databases that others made gives no finding, in any mode and by any strategy. */
import postgres from 'postgres'
import { afterAll, describe, expect, it } from 'vitest'
import { readTable } from '../../../shared/projection/select.ts'
import type { Strategy, VerificationMode } from '../../../shared/verification/rows/comparison.ts'
import { type DataSet, loadDataSet, loadLegacyClinic, sharedData } from '../../support/dump.ts'
import { rowsPair } from './rows-pair.ts'

const dump = (name: DataSet) => (address: string) => loadDataSet(address, name)
const sets: Readonly<Record<string, (address: string) => Promise<unknown>>> = {
  chinook: dump('chinook'),
  northwind: dump('northwind'),
  pagila: dump('pagila'),
  'debezium types': dump('debezium-types'),
  clinic: (address) => loadLegacyClinic(address, { scale: 0.1, dirt: 1 }),
}
const schemas = ['public', 'Quoted_" . Schema']

describe.skipIf(sharedData() === undefined)('an unmodified pair', () => {
  const strategies = new Set<Strategy>()
  afterAll(() => expect([...strategies].toSorted()).toEqual(['key', 'range', 'row']))

  it.each(Object.keys(sets))('%s', { timeout: 180_000 }, async (name) => {
    const plan = { source: { secret: 'LEGACY', schemas }, exclude: ['_dirt.*'] }
    const pair = await rowsPair(sets[name]!, plan)
    const sql = postgres(pair.source.url, { max: 1, onnotice: () => undefined })
    try {
      for (const [table, entity] of pair.entities) {
        const [row] = await sql.unsafe<{ rows: number }[]>(
          `select count(*)::int as rows from ${readTable(entity.source)}`,
        )
        for (const mode of ['full', 'sample', 'counts'] satisfies VerificationMode[]) {
          const rowLimit = mode === 'full' ? 100_000 : 300
          const verified = await pair.verify(table, { mode, rowLimit, rows: row!.rows })
          expect({ table, findings: verified.findings }).toEqual({ table, findings: [] })
          const result = verified.results[mode === 'full' ? 'checksum' : 'counts']
          expect({ table, ...result }).toEqual({
            table,
            validated: row!.rows,
            issues: 0,
            source_rows: row!.rows,
            target_rows: row!.rows,
          })
          strategies.add(verified.strategy)
        }
      }
      expect(pair.entities.size).toBeGreaterThan(10)
    } finally {
      await sql.end()
      await pair.drop()
    }
  })
})
