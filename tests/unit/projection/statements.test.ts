import { describe, expect, it } from 'vitest'
import { boundsStatement } from '../../../shared/projection/bounds.ts'
import type { CompiledEntity } from '../../../shared/projection/entity.ts'
import { quoteIdent, quoteLiteral } from '../../../shared/projection/quote.ts'
import { copyInStatement, copyOutStatement } from '../../../shared/projection/select.ts'

const entity: CompiledEntity = {
  source: { schema: 'public', table: 'odd "t"', partitioned: false },
  target: { schema: 'clinic', table: 't' },
  columns: [
    { source: 'id', target: 'id', type: 'bigint' },
    { source: 'from', target: 'from', type: 'text' },
  ],
  key: [{ column: 'id', type: 'bigint' }],
}
const pair = [...entity.key, { column: 'from', type: 'text' }]
const citext = [entity.key[0]!, { column: 'c', type: 'ext.citext', operators: 'ext' }]

describe('statements', () => {
  it('copies a whole table, a range, and a partitioned parent', () => {
    expect(copyOutStatement(entity, { after: null, through: null })).toBe(
      'copy (select "id", "from" from only "public"."odd ""t""") to stdout',
    )
    expect(copyOutStatement(entity, { after: ['1'], through: ["2'"] })).toBe(
      `copy (select "id", "from" from only "public"."odd ""t""" where "id" > '1'::bigint and "id" <= '2'''::bigint) to stdout`,
    )
    const parted = { ...entity, source: { ...entity.source, partitioned: true } }
    expect(copyOutStatement(parted, { after: null, through: null })).not.toContain('only')
    expect(copyInStatement(entity)).toBe('copy "clinic"."t" ("id", "from") from stdin')
  })

  it('compares rows of keys, and column by column where an operator lies elsewhere', () => {
    expect(
      copyOutStatement({ ...entity, key: pair }, { after: ['1', 'a'], through: null }),
    ).toContain(`where ("id", "from") > ('1'::bigint, 'a'::text)`)
    expect(
      copyOutStatement({ ...entity, key: citext }, { after: null, through: ['1', 'a'] }),
    ).toContain(
      `where ("id" <= '1'::bigint and ("id" < '1'::bigint or ("c" operator("ext".<=) 'a'::ext.citext)))`,
    )
  })

  it('refuses a key of another shape, and a batch without rows', () => {
    const range = { after: ['1', '2'], through: null }
    expect(() => copyOutStatement(entity, range)).toThrow(
      expect.objectContaining({ code: 'key_shape_differs' }),
    )
    for (const rows of [0, -1, 1.5, Number.NaN]) {
      expect(() => boundsStatement(entity, { after: null, through: null }, rows)).toThrow(
        expect.objectContaining({ code: 'batch_rows_invalid' }),
      )
    }
  })

  it('refuses what no server can store', () => {
    for (const text of ['a\0b', '\ud800']) {
      expect(() => quoteLiteral(text)).toThrow(expect.objectContaining({ code: 'literal_invalid' }))
      expect(() => quoteIdent(text)).toThrow(
        expect.objectContaining({ code: 'identifier_invalid' }),
      )
    }
    expect(() => quoteIdent('')).toThrow(expect.objectContaining({ code: 'identifier_invalid' }))
  })
})
