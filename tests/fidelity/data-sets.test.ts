/** Databases that others made arrive exactly: rows, books, and everything that hangs on the tables. */
import { describe, expect, it } from 'vitest'
import { dropDatabase, ensureDatabase } from '../../scripts/local/index.ts'
import { assertExactCounters } from '../support/counters.ts'
import { type DataSet, loadDataSet, loadLegacyClinic, sharedData } from '../support/dump.ts'
import { assertExactCopy } from '../support/oracle.ts'
import { testProject } from '../support/project.ts'
import { assertVerified } from '../support/verified.ts'
import { nextValues, shapeOf } from './catalog-shape.ts'
import { emptyTarget, move } from './move.ts'

const quoted = 'Quoted_" . Schema'

/** Columns of one set hold values that their sequences never gave. */
const ahead = { 'public.numeric_table_bs_seq': '124', 'public.numeric_table_ss_seq': '2' }

interface Set {
  readonly schemas: readonly string[]
  readonly load: (address: string) => Promise<unknown>
  readonly tables: number
}

const dump = (name: DataSet, tables: number, schemas = ['public']): Set => ({
  schemas,
  tables,
  load: (address) => loadDataSet(address, name),
})

const sets: Readonly<Record<string, Set>> = {
  chinook: dump('chinook', 11),
  northwind: dump('northwind', 14),
  pagila: dump('pagila', 15),
  'debezium types': dump('debezium-types', 24, ['public', quoted]),
  clinic: {
    schemas: ['public'],
    tables: 26,
    load: (address) => loadLegacyClinic(address, { scale: 0.1, dirt: 1 }),
  },
}

describe.skipIf(sharedData() === undefined)('a data set', async () => {
  const { project, servers, targetUrl } = await testProject({ faults: {} })

  it.each(Object.keys(sets))('%s is cloned with one lane and with four', async (name) => {
    const { schemas, load, tables } = sets[name]!
    const database = `fidelity_${name.replaceAll(/\W/g, '_')}`
    await ensureDatabase(servers.source, database)
    try {
      const source = servers.source.url(database)
      await load(source)
      const shape = await shapeOf(source, schemas)
      const reader = servers.source.url(database, 'legacy_reader')
      let next: Record<string, string> | undefined
      for (const settings of [
        { lanes: 1, batch_rows: 500 },
        { lanes: 4, batch_rows: 7 },
      ]) {
        await emptyTarget(targetUrl, schemas)
        const id = await move({ project, targetUrl, source: reader, schemas, plan: { settings } })
        const ignoreSchemas = ['_dirt', 'auth', 'storage', 'migration', 'net', 'cron', 'vault']
        const compared = await assertExactCopy({ source, target: targetUrl, ignoreSchemas })
        expect(compared.tables).toBe(tables)
        await assertVerified(targetUrl, id)
        if (!schemas.includes(quoted)) await assertExactCounters(targetUrl, id)
        expect(await shapeOf(targetUrl, schemas)).toEqual(shape)
        // Drawing at the source would move it between the two.
        const drawn = await nextValues(targetUrl, schemas)
        if (next !== undefined) expect(drawn).toEqual(next)
        next = drawn
      }
      const further = name === 'debezium types' ? ahead : {}
      expect(next).toEqual({ ...(await nextValues(source, schemas)), ...further })
    } finally {
      await dropDatabase(servers.source, database)
    }
  })
})
