/** Names and texts reach the server as they are, and nothing else does. */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { nameBytes, quoteIdent, quoteLiteral } from '../../../shared/projection/quote.ts'
import { attachServers } from '../../support/project.ts'
import { type Scratch, scratchDatabase } from '../../support/scratch.ts'

const unit = fc.oneof(
  fc.constantFrom(
    `'`,
    '"',
    '\\',
    '$',
    ';',
    '-',
    '/',
    '*',
    '\n',
    '\t',
    ' ',
    '%',
    '\u2028',
    '__proto__',
    `'; drop`,
  ),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
)
const text = fc
  .array(unit, { maxLength: 12 })
  .map((units) => units.join(''))
  .filter((value) => !value.includes('\0') && value.isWellFormed())

describe('quoting', () => {
  let scratch: Scratch
  beforeAll(async () => {
    scratch = await scratchDatabase(attachServers().source.url('postgres'))
  })
  afterAll(() => scratch?.drop())

  it('brings any text back as it was', async () => {
    await fc.assert(
      fc.asyncProperty(text, async (value) => {
        const [row] = await scratch.sql.unsafe(`select ${quoteLiteral(value)}::text as value`)
        expect(row?.value).toBe(value)
      }),
      { numRuns: 300 },
    )
  })

  it('makes any name a column', async () => {
    const name = text.filter((value) => value !== '' && nameBytes(value) <= 63)
    await fc.assert(
      fc.asyncProperty(name, async (value) => {
        const rows = await scratch.sql.unsafe(`select 1 as ${quoteIdent(value)}`).values()
        expect(rows.columns.map((column) => column.name)).toEqual([value])
      }),
      { numRuns: 300 },
    )
  })
})
