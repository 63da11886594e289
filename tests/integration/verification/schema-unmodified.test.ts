/** A schema that was moved and left alone gives no finding, whatever hangs on its tables. */
import { describe, expect, it } from 'vitest'
import { OBJECTS } from '../../fidelity/object-tables.ts'
import { type DataSet, loadDataSet, loadLegacyClinic, sharedData } from '../../support/dump.ts'
import { runScript } from '../../support/psql-script.ts'
import { migratedPair } from './schema-pair.ts'

const quoted = 'Quoted_" . Schema'
const dumps: readonly (readonly [DataSet, number, readonly string[]])[] = [
  ['chinook', 11, ['public']],
  ['northwind', 14, ['public']],
  ['pagila', 15, ['public']],
  ['debezium-types', 24, ['public', quoted]],
]

describe.skipIf(sharedData() === undefined)('the schema of a data set', () => {
  it.each(dumps)('%s', async (name, entities, schemas) => {
    const pair = await migratedPair((address) => loadDataSet(address, name), {
      source: { secret: 'LEGACY', schemas },
    })
    const { results, findings } = await pair.verify()
    expect(findings).toEqual([])
    expect(results).toHaveLength(entities)
  })

  it('clinic', async () => {
    const pair = await migratedPair((address) => loadLegacyClinic(address, { scale: 0.1, dirt: 1 }))
    const { results, findings } = await pair.verify()
    expect(findings).toEqual([])
    expect(results).toHaveLength(26)
  })
})

describe('a schema with everything that can hang on a table', () => {
  // A project keeps its extensions in a schema of their own.
  it.each([
    ['public', ''],
    ['New "home"', ''],
    ['clinic', 'create schema extensions'],
  ])('in the schema %s %s', async (schema, prepare) => {
    const rename = { schemas: schema === 'public' ? {} : { public: schema } }
    const pair = await migratedPair((address) => runScript(address, OBJECTS), { rename }, prepare)
    const { results, findings } = await pair.verify()
    expect(findings).toEqual([])
    expect(results.length).toBeGreaterThan(12)
    for (const { status, issues, validated } of results) {
      expect({ status, issues }).toEqual({ status: 'passed', issues: 0 })
      expect(validated).toBeGreaterThan(5)
    }
  })
})
