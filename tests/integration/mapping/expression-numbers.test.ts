/** Arithmetic of expressions on a real server. */
import { describe, expect, it } from 'vitest'
import { evaluate, expectEach, mappingDatabase } from './evaluate.ts'

const db = mappingDatabase()

describe('arithmetic', () => {
  const compute = (is: string, left: string, right: string) => ({
    op: 'arithmetic',
    is,
    left,
    right,
  })
  it('is exact, and refuses what has no result', async () => {
    const columns = {
      l: { type: 'bigint', values: ['9223372036854775807', '7', '1', null, '0'] },
      r: { type: 'text', values: ['1', '-2', '0', '0', 'x'] },
    }
    const found = async (is: string) =>
      (await evaluate(db.sql, compute(is, 'l', 'r'), columns)).map(
        ({ value, refused }) => refused ?? value,
      )
    expect(await found('+')).toEqual(['9223372036854775808', '5', '1', null, 'value_invalid'])
    expect(await found('*')).toEqual(['9223372036854775807', '-14', '0', null, 'value_invalid'])
    expect(await found('%')).toEqual(['0', '1', 'value_invalid', null, 'value_invalid'])
    expect((await found('/')).map((each) => each?.slice(0, 8))).toEqual([
      '92233720',
      '-3.50000',
      'value_in',
      undefined,
      'value_in',
    ])
    await expectEach(db.sql, compute('-', 'c', 'c'), 'double precision', [
      ['0.1', '0.0'],
      ['NaN', 'NaN'],
      ['Infinity', 'NaN'],
    ])
  })
})
