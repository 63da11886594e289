/** Windows of times against a real server: whatever the zone and the clocks do, no moment falls between two of them. */
import { afterAll, describe, expect, test } from 'vitest'
import { beyondWindow, inWindow, writtenSince } from '../../../shared/projection/window.ts'
import { attachServers } from '../../support/project.ts'
import { scratchDatabase } from '../../support/scratch.ts'

const { sql, drop } = await scratchDatabase(attachServers().source.url('postgres'))
afterAll(drop)
await sql`set timezone = 'UTC'`
await sql`set search_path = ''`

/** A day on which clocks go back, in the northern autumn or the southern one. */
const days = {
  'Europe/Berlin': '2026-10-25',
  'America/New_York': '2026-11-01',
  'Australia/Lord_Howe': '2026-04-05',
  UTC: '2026-10-25',
}

describe.each(Object.entries(days))('local times of %s', (zone, day) => {
  const watched = { column: { column: 'at', type: 'timestamp without time zone' }, zone }

  test('each moment of the day on which clocks go back lies in its window', async () => {
    const name = `public.local_${zone.replace(/\W/g, '_').toLowerCase()}`
    await sql.unsafe(`create table ${name} as
      select m as moment, m at time zone '${zone}' as at
        from generate_series(timestamptz '${day} 00:00+00' - interval '1 day', timestamptz '${day} 00:00+00' + interval '1 day', interval '7 minutes') m`)
    const edges = await sql.unsafe<{ low: string; high: string }[]>(`
      select to_json(m) #>> '{}' as low, to_json(m + interval '31 minutes') #>> '{}' as high
        from generate_series((select min(moment) from ${name}), (select max(moment) from ${name}), interval '31 minutes') m`)
    expect(edges.length).toBeGreaterThan(90)
    for (const { low, high } of edges) {
      const [row] = await sql.unsafe<{ left: number; all: number }[]>(`
        select count(*) filter (where not ${inWindow(watched, { low, high })})::int as left, count(*)::int as all
          from ${name} where moment >= '${low}' and moment < '${high}'`)
      expect({ low, left: row!.left }).toEqual({ low, left: 0 })
    }
  })
})

describe('rows beyond a window', () => {
  test('are those without a useful time that were written since', async () => {
    await sql`create table public.odd (id int primary key, at timestamptz)`
    await sql`insert into public.odd values (1, null), (2, '2099-01-01'), (3, 'infinity'), (4, now() - interval '1 day')`
    const [{ xmin } = { xmin: '' }] = await sql<{ xmin: string }[]>`
      select txid_snapshot_xmin(txid_current_snapshot())::text as xmin`
    await sql`insert into public.odd values (11, null), (12, '2099-01-01'), (13, 'infinity'), (14, now() - interval '1 day')`
    const watched = { column: { column: 'at', type: 'timestamp with time zone' } }
    const ids = async (condition: string) => {
      const rows = await sql.unsafe<{ id: number }[]>(
        `select id from public.odd where ${condition} order by id`,
      )
      return rows.map(({ id }) => id)
    }
    expect(await ids(beyondWindow(watched, '2030-01-01T00:00:00+00:00', xmin))).toEqual([
      11, 12, 13,
    ])
    expect(await ids(writtenSince(xmin))).toEqual([11, 12, 13, 14])
    // an id of an earlier epoch has the same 32 bits
    const later = String(BigInt(xmin) + 4_294_967_296n)
    expect(await ids(writtenSince(later))).toEqual([11, 12, 13, 14])
  })
})
