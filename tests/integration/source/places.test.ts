/** Tables without a key: every row in exactly one range, however a release reads it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { boundsStatement } from '../../../shared/projection/bounds.ts'
import type { CompiledEntity, KeyTexts } from '../../../shared/projection/entity.ts'
import { placeKey } from '../../../shared/projection/places.ts'
import { whereRange } from '../../../shared/projection/range.ts'
import { attachServers } from '../../support/project.ts'
import { type Scratch, scratchDatabase } from '../../support/scratch.ts'

describe('the places of rows', () => {
  let scratch: Scratch
  beforeAll(async () => {
    scratch = await scratchDatabase(attachServers().source.url('postgres'))
    await scratch.sql
      .unsafe(`create table heap as select n as part from generate_series(1, 30000) n;
      delete from heap where part between 3000 and 15000 or part > 29000;
      analyze heap; create table nothing (a integer)`)
      .simple()
  })
  afterAll(() => scratch?.drop())

  const entity = (table: string, scan: CompiledEntity['scan'] & string): CompiledEntity => ({
    source: { schema: 'public', table, partitioned: false },
    target: { schema: 'public', table },
    columns: [],
    key: [placeKey],
    scan,
  })

  async function bounds(of: CompiledEntity, after: KeyTexts | null, rows: number) {
    const statement = boundsStatement(of, { after, through: null }, rows)
    const [row] = await scratch.sql.unsafe<{ last: string[]; more: boolean }[]>(statement)
    return row
  }

  it.each(['place_range', 'place_list'] as const)('are met once each: %s', async (scan) => {
    const heap = entity('heap', scan)
    const seen: number[] = []
    let ranges = 0
    for (let after: KeyTexts | null = null; ; ranges += 1) {
      const found: { last: KeyTexts; more: boolean } | undefined = await bounds(heap, after, 1000)
      if (found === undefined) break
      const where = whereRange(heap, { after, through: found.last })
      const rows = await scratch.sql.unsafe<{ part: number }[]>(`select part from heap${where}`)
      expect(rows.length).toBeLessThan(3500)
      seen.push(...rows.map(({ part }) => part))
      after = found.last
      if (!found.more) break
    }
    expect(ranges).toBeGreaterThan(10)
    const [all] = await scratch.sql<
      { parts: number[] }[]
    >`select array_agg(part order by part) as parts from heap`
    expect(seen.sort((a, b) => a - b)).toEqual(all?.parts)
  })

  it('of a table without rows are none', async () => {
    expect(await bounds(entity('nothing', 'place_range'), null, 10)).toBeUndefined()
    expect(await bounds(entity('nothing', 'place_list'), null, 10)).toBeUndefined()
  })

  it('are read by range, not by looking at every row', async () => {
    const where = whereRange(entity('heap', 'place_range'), {
      after: ['(10,0)'],
      through: ['(20,0)'],
    })
    const plan = await scratch.sql.unsafe(`explain (costs off) select part from heap${where}`)
    expect(JSON.stringify(plan)).toContain('Tid Range Scan')
  })
})
