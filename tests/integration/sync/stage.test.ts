/** What incremental sync reads again goes through a stage: every value has to come out as it went in. */
import { describe, expect, it } from 'vitest'
import { OBJECTS } from '../../fidelity/object-tables.ts'
import { type DataSet, loadDataSet, loadLegacyClinic, sharedData } from '../../support/dump.ts'
import { assertExactCopy } from '../../support/oracle.ts'
import { attachServers } from '../../support/project.ts'
import { runScript } from '../../support/psql-script.ts'
import { scratchDatabase } from '../../support/scratch.ts'
import { NASTY } from '../source/nasty-tables.ts'
import { copyAll, prepare } from '../source/whole-copy.ts'

/** Types, and values whose text does not say everything, or says it in another way. */
const DOMAIN_VALUES: readonly (readonly [string, ...string[]])[] = [
  ['char(5)', 'a', '', '  b'],
  ['bpchar', 'a', 'a   ', '   '],
  ['varchar(4)', 'a  ', '', '\\N', 'NULL'],
  ['text', '', ' ', '\\.', '{}', "it''s", 'now'],
  ['name', 'n', 'a b'],
  ['"char"', 'x', ' '],
  ['boolean', 't', 'f'],
  ['numeric', '1.50', '1.500', 'NaN', '-Infinity', '0.000', '1e-30'],
  ['numeric(6,2)', '1.5', '-0.00'],
  ['money', '12.34', '-0.01'],
  ['float8', '-0', 'NaN', '5e-324', '0.30000000000000004', '-Infinity'],
  ['float4', '-0', '1.1', '3.4028235e38'],
  ['date', 'infinity', '0044-03-15 BC', '5874897-12-31'],
  ['time', '24:00:00', '12:00:00.000001'],
  ['timetz', '24:00:00+01', '12:00:00.1-15:59'],
  ['timestamp', 'infinity', '-infinity', '0044-03-15 12:00:00 BC', '294276-12-31 23:59:59.999999'],
  ['timestamptz(3)', '2024-03-31 02:30:00.123+02', '20000-01-01 00:00+00'],
  ['interval', '1 mon -1 day', '-00:00:00.000001', '1 year 2 mons -3 days +04:05:06'],
  ['inet', '10.0.0.1', '10.1.0.0/16', '::1', '10.0.0.1/24'],
  ['cidr', '10.1.0.0/16', '10.0.0.1/32'],
  ['macaddr8', '08:00:2b:01:02:03:04:05'],
  ['bytea', '\\x00ff', '\\x'],
  ['bit(3)', '101'],
  ['varbit', '', '0001'],
  ['uuid', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
  ['json', '{"b": 1,  "a": 1, "a": 2}', 'null'],
  ['jsonb', '{"big": 12345678901234567890.10}'],
  ['xml', '<a>b</a>', 'text'],
  ['tsvector', 'a:1A b:2'],
  ['tsquery', 'a & !b'],
  ['jsonpath', '$.a[*] ? (@ > 1)'],
  ['point', '(0.1,-0)'],
  ['path', '[(0,0),(1,1)]', '((0,0),(1,1))'],
  ['integer[]', '{}', '[2:3]={1,NULL}', '{{1,2},{3,4}}'],
  ['text[]', '{"",NULL,"NULL","a,b"}'],
  ['tstzrange', 'empty', '[2024-01-01 00:00:00+00,)'],
  ['int4multirange', '{}', '{[1,2),[3,4)}'],
  ['oid', '4294967295'],
  ['regtype', 'integer'],
  ['pg_lsn', '16/B374D848'],
  ['mood', 'sad', "it''s"],
  ['pair', '(,)', '(1,"a b")'],
  ['mood[]', '{sad,NULL}'],
]

/** Each by itself, as a domain of a domain, and in an array of a domain. */
const DOMAINS = `create type mood as enum ('sad', 'it''s');
  create type pair as (a integer, b text);
  ${DOMAIN_VALUES.map(([type, ...values], at) => {
    // An array of a domain of arrays has no constructor.
    const many = (value: string) =>
      type.endsWith('[]') ? 'null' : `array['${value}'::d${at}, null]::d${at}[]`
    const rows = values.map(
      (value, nr) => `(${nr}, '${value}', '${value}', '${value}', ${many(value)})`,
    )
    return `create domain d${at} as ${type}; create domain e${at} as d${at};
      create table t${at} (id integer primary key, plain ${type}, one d${at}, two e${at}, many d${at}[]);
      insert into t${at} values ${rows.join(', ')}, (99, null, null, null, null);`
  }).join('\n')}`

interface Staged {
  readonly tables: number
  /** Tables whose rows nothing tells apart. */
  readonly keyless: readonly string[]
}

/** Moves a whole source through the stages of its tables, and compares both sides by the oracle. */
async function moveStaged(
  load: (address: string) => Promise<unknown>,
  schemas: readonly string[] = ['public'],
): Promise<Staged> {
  const servers = attachServers()
  const source = await scratchDatabase(servers.source.url('postgres'))
  const target = await scratchDatabase(servers.target.url('postgres', servers.target.superuser))
  try {
    await load(source.url)
    const plan = { source: { secret: 'LEGACY', schemas }, sync: {} }
    const pair = { source: source.url, target: target.url, plan }
    const { prepared, problems } = await prepare(pair)
    expect(problems).toEqual([])
    await copyAll({ ...pair, rows: 100_000, staged: true })
    const ignoreSchemas = ['_dirt', 'migration']
    const { tables } = await assertExactCopy({ ...pair, ignoreSchemas })
    const keyless = prepared!.entities.filter(({ definition }) => !definition.sync?.stage)
    return { tables, keyless: keyless.map(({ entity_name }) => entity_name).sort() }
  } finally {
    await Promise.all([source.drop(), target.drop()])
  }
}

describe('the stage of plain tables', () => {
  it('keeps values of every kind, and tables of every key', async () => {
    const { tables, keyless } = await moveStaged((address) => runScript(address, NASTY))
    expect(tables).toBeGreaterThan(25)
    const none = ['child', 'no_columns', 'no_key', 'no_key_either']
    expect(keyless).toEqual(none.map((name) => `public.${name}`))
  })

  it('keeps values of domains, which travel as what they are made of', async () => {
    const { tables, keyless } = await moveStaged((address) => runScript(address, DOMAINS))
    expect([tables, keyless]).toEqual([DOMAIN_VALUES.length, []])
  })

  it('keeps what hangs on tables', async () => {
    const { keyless } = await moveStaged((address) => runScript(address, OBJECTS))
    expect(keyless).not.toContain('public.small')
  })

  describe.skipIf(sharedData() === undefined)('of a data set', () => {
    const quoted = 'Quoted_" . Schema'
    it.each<[DataSet, number, readonly string[]]>([
      ['chinook', 11, []],
      ['northwind', 14, []],
      ['pagila', 15, []],
      ['debezium-types', 24, ['public.table_without_pk']],
    ])('%s', async (name, count, without) => {
      const schemas = name === 'debezium-types' ? ['public', quoted] : ['public']
      const { tables, keyless } = await moveStaged((address) => loadDataSet(address, name), schemas)
      expect([tables, keyless]).toEqual([count, without])
    })

    it('clinic', async () => {
      const { tables, keyless } = await moveStaged((address) =>
        loadLegacyClinic(address, { scale: 0.1, dirt: 1 }),
      )
      expect([tables, keyless]).toEqual([26, ['public.dispatch_importLog']])
    })
  })
})
