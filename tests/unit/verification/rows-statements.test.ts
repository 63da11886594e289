import { describe, expect, it } from 'vitest'
import { rowDigest } from '../../../shared/projection/digest.ts'
import { bucketListStatement, bucketsStatement } from '../../../shared/projection/digest-buckets.ts'
import {
  cutsStatement,
  type DigestedTable,
  listStatement,
  lookUpStatement,
  sampleStatement,
  segmentsStatement,
} from '../../../shared/projection/digest-statements.ts'
import type { CompiledEntity } from '../../../shared/projection/entity.ts'

const entity: CompiledEntity = {
  source: { schema: 'odd "s"', table: `t'`, partitioned: false },
  target: { schema: 'public', table: 't' },
  columns: [
    { source: 'a"b', target: 'a', type: 'text' },
    { source: 'f', target: 'f', type: 'double precision' },
  ],
  key: [{ column: 'a"b', type: 'ext.citext', operators: 'ext "o"' }],
  filter: `"f" > 1`,
}
const form = { floatBits: false, encoding: 'UTF8' }
const columns = [
  { name: 'a"b', type: 'text' },
  { name: 'f', type: 'double precision' },
]
const table: DigestedTable = { entity, form, digest: rowDigest(columns, form) }
const all = { after: null, through: null }

describe('digest statements', () => {
  it('hash the text of a record, in UTF-8, with floats by their bits where releases differ', () => {
    expect(table.digest).toBe('pg_catalog.md5(row(source."a""b", source."f")::text)')
    const other = rowDigest(columns, { floatBits: true, encoding: 'LATIN1' })
    expect(other).toContain(`pg_catalog.convert_to(row(source."a""b", pg_catalog.float8send(`)
    expect(other).toContain(`::text, 'UTF8')`)
  })

  it('quote every name and every text, and keep to the rows that are moved', () => {
    const range = { after: ["it's"], through: ['z'] }
    const from = `from only "odd ""s"""."t'" as source`
    for (const statement of [
      listStatement(table, range),
      segmentsStatement(table, [range]),
      sampleStatement(table, range, '1', 5),
    ]) {
      expect(statement).toContain(
        `${from} where ("a""b" operator("ext ""o""".>) 'it''s'::ext.citext) and ("a""b" operator("ext ""o""".<=) 'z'::ext.citext) and ("f" > 1)`,
      )
    }
    expect(lookUpStatement(table, [["it's"], ['b']])).toContain(
      `(values (0, 'it''s'::ext.citext), (1, 'b'::ext.citext)) as wanted (place, k0)`,
    )
    expect(lookUpStatement(table, [['b']])).toContain(
      `where source."a""b" operator("ext ""o""".=) wanted.k0 and ("f" > 1)`,
    )
  })

  it('cut a range by rows read, whether or not they are moved', () => {
    const statement = cutsStatement(entity, all, 100, 10)
    expect(statement).toContain('limit 101')
    expect(statement).toContain('where place % 10 = 0 or place >= 100')
    expect(statement).not.toContain('"f"')
  })

  it('compute a digest once a row, and only for rows of the part', () => {
    const part = { part: 2, parts: 3, buckets: 7 }
    const statement = bucketsStatement(table, part)
    expect(statement.split(table.digest).length).toBe(2)
    expect(statement).toContain(`::bit(32)::bigint % 3 = 2 offset 0`)
    const withoutKey = bucketsStatement({ ...table, entity: { ...entity, key: [] } }, part)
    expect(withoutKey.split(table.digest).length).toBe(2)
    expect(withoutKey).toContain(`::bit(32)::bigint % 3 = 2\n  ) as numbered`)
    expect(bucketsStatement(table, { ...part, part: 0, parts: 1 })).not.toContain('% 1 = 0')
    expect(bucketListStatement(table, part, [1, 5])).toContain(
      '(number / 3 % 7)::integer in (1, 5)',
    )
    expect(segmentsStatement(table, [all, all]).split(table.digest).length).toBe(3)
  })

  it('leave digests out where only keys are compared', () => {
    const bare = { ...table, digest: '' }
    expect(segmentsStatement(bare, [all])).not.toContain('md5')
    expect(listStatement(bare, all)).toContain(`''::text as digest`)
  })
})
