/**
 * Rows that went through a mapping are held against what the source says now: every change of a row, of a
 * reference, of the map or of the dead letters is found and named, nothing else is. Then it is repaired.
 */
import { beforeAll, describe, expect, it } from 'vitest'
import { type Found, named, openScene, type Pass } from '../verification/scene.ts'
import { CHANGES } from './verification-changes.ts'
import { idOf, PLAN, REFUSED, SOURCE, TARGET } from './verification-tables.ts'

/** What a plan that fills tables of others is told once for all. */
const WARNINGS = ['! column_extra column note of old']

describe('a mapped migration of which both sides were changed', async () => {
  const scene = await openScene()
  const { source, target, superuser } = scene
  let id: string
  let pass: Pass
  let found: readonly Found[]
  let before: Places

  beforeAll(async () => {
    await source.unsafe(SOURCE).simple()
    await target.unsafe(TARGET).simple()
    // Small tables are carved into several batches, too.
    await target.unsafe(`create or replace function migration._check_batch_rows(p_entity migration.entity_statuses)
      returns integer language sql stable set search_path = '' as $$
      select case when p_entity.entity_name ~ 'spread' then 3 else 20000 end $$`)
    id = await scene.start(PLAN)
    pass = await scene.settled(id)
  })

  const lines = async (of: Pass) => (await scene.findings(of.id)).map(named).toSorted()
  async function again(action: 'verify' | 'repair'): Promise<Pass> {
    await scene.control(action, id)
    const last = await scene.settled(id)
    expect(
      last,
      JSON.stringify(
        await target`select error_code, sqlstate, error_message, context from migration.errors where migration_id = ${id} and not is_dead_letter`,
      ),
    ).toMatchObject({ kind: 'verify' })
    return last
  }

  it('has passed its gate when nobody had changed anything', async () => {
    expect(await lines(pass)).toEqual(WARNINGS)
    expect(pass).toMatchObject({ is_gate: true, status: 'passed', mode: 'full' })
    expect(await scene.statusOf(id)).toEqual({ status: 'completed', failure_code: null })
    const refused = await target<{ name: string; rows: number }[]>`
      select entity_name as name, records_failed::int as rows from migration.entity_statuses
       where migration_id = ${id} and records_failed > 0`
    const expected = Object.entries(REFUSED).map(([name, rows]) => ({
      name: `public.${name}`,
      rows,
    }))
    expect([...refused]).toEqual(expected)
  })

  it('is found out: every change by its kind, key and columns, and nothing else', async () => {
    for (const { side, statement } of CHANGES) {
      // Foreign keys would keep some of it away, as they do not during a load.
      if (side === 'source') await source.unsafe(statement).simple()
      else await superuser.unsafe(`set session_replication_role = replica; ${statement}`).simple()
    }
    pass = await again('verify')
    found = await scene.findings(pass.id)
    const expected = CHANGES.flatMap(({ findings }) => findings)
    expect(CHANGES.length).toBeGreaterThan(130)
    expect(await lines(pass)).toEqual([...WARNINGS, ...expected, ...countsOf()].toSorted())
    expect(pass.status).toBe('failed')
  })

  it('has no value of a row in its findings but keys', () => {
    const text = JSON.stringify(found)
    expect(text).toContain('9998')
    for (const value of ['caf', 'had it', 'owner 9', 'newer', 'kind 15', '12.51', 'female']) {
      expect(text).not.toContain(value)
    }
  })

  it('has its rows again after a repair, and no other was written', async () => {
    before = await placesOf()
    pass = await again('repair')
    // What the sides may sort otherwise is counted, not named. A parent that is refused by now leaves children.
    const left = [...WARNINGS, 'count spread_text 1']
    const children = [
      'count trip 1',
      'extra trip ["14"]',
      `orphan trip ["${idOf('trip', 14)}"] vet_id`,
    ]
    expect(await lines(pass)).toEqual([...left, ...children].toSorted())
    const after = await placesOf()
    const moved = [...new Set([...before.keys(), ...after.keys()])].filter(
      (row) => before.get(row) !== after.get(row),
    )
    const concerned = new Set(
      found.flatMap(rowOf).filter((row) => before.has(row) || after.has(row)),
    )
    const place = (table: string, key: string) => `${table} ${JSON.stringify([idOf(table, key)])}`
    // Nothing was wrong with them any more when their parent had come back.
    for (const key of ['["12", "1"]', '["12", "2"]']) concerned.delete(place('line', key))
    // Its parent is gone for good.
    concerned.add(place('owner', '47'))
    expect(moved.toSorted()).toEqual([...concerned].toSorted())
    expect(await lines(await again('repair'))).toEqual(left)
  })

  it('keeps what the plan does not write, and rows that were there before', async () => {
    const kept =
      await target`select v, note from public.kept where note is not null order by v, note`
    expect([...kept].map(({ v, note }) => `${v} ${note}`)).toEqual([
      'had it ours',
      'newer ours',
      'newer ours',
      'v6 by hand',
    ])
    const grown =
      await target`select id, v, note from public.grown where note is not null order by id`
    expect([...grown].map((row) => Object.values(row).join(' '))).toEqual([
      '3 v3 ours',
      '4 v4 by hand',
      '1000 newer theirs',
      '1001 new hand made',
    ])
    const old = await target`select v, note from public.old where note is not null`
    expect([...old].map((row) => Object.values(row).join(' '))).toEqual(['v1 by hand'])
  })

  it('has a dead letter for each row that is refused by now, and no other', async () => {
    const letters = await target<{ name: string; key: string; code: string }[]>`
      select e.entity_name as name, d.source_record_id as key, d.error_code as code
        from migration.errors d join migration.entity_statuses e on e.id = d.entity_status_id
       where d.migration_id = ${id} and d.is_dead_letter and not d.is_resolved`
    const refused = letters.map(({ name, key, code }) => `${name.slice(7)} ${key} ${code}`)
    const vets = [44, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 70]
    expect(refused.toSorted()).toEqual(
      [
        'pet 14 value_unmapped',
        'region 4 lookup_missing',
        ...vets.map((key) => `vet ${key} range_violated`),
      ].toSorted(),
    )
  })

  it('is verified without a finding when the rest is mended by hand', async () => {
    await target`delete from public.spread_text where legacy = 'k7'`
    await target`delete from migration.id_map where source_key = 'k7'`
    const last = await again('verify')
    expect(await lines(last)).toEqual(WARNINGS)
    expect(last.status).toBe('passed')
  })

  type Places = ReadonlyMap<string, string>

  /** Where every row of the target lies, by table and identity. */
  async function placesOf(): Promise<Places> {
    const places = new Map<string, string>()
    for (const {
      source: name,
      target: other = name,
      id: { strategy = 'preserve' } = {},
    } of PLAN.entities as Entity[]) {
      const key = { pair: 'a, b', spread_kept: 'a, b' }[name.slice(7)] ?? 'id'
      if (strategy === 'lookup') continue
      const rows = await target.unsafe<{ row: string; place: string }[]>(`
        select jsonb_build_array(${key.replaceAll(/\w+/g, (column) => `${column}::text`)})::text as row,
               string_agg(concat(ctid, xmin), ' ' order by ctid) as place from ${other} group by 1`)
      for (const { row, place } of rows) places.set(`${name.slice(7)} ${row}`, place)
    }
    return places
  }
})

interface Entity {
  readonly source: string
  readonly target?: string
  readonly id?: { readonly strategy: string }
}

/** The row of the target that a finding is about. */
function rowOf({ entity, kind, key, detail }: Found): string[] {
  if (key === null || !['missing', 'extra', 'changed', 'duplicates'].includes(kind)) return []
  const table = entity.slice(7)
  const { id } = (PLAN.entities as Entity[]).find(({ source }) => source === entity)!
  const spaced = (texts: readonly string[]) => JSON.stringify(texts).replaceAll('","', '", "')
  if (id?.strategy !== 'uuid' || detail.target_key !== undefined) return [`${table} ${spaced(key)}`]
  return [`${table} ${JSON.stringify([idOf(table, key.length > 1 ? spaced(key) : key[0]!)])}`]
}

/** What the totals say about rows that are missing or there are more of. */
function countsOf(): string[] {
  const sums = new Map<string, number>()
  for (const { statement, findings, more } of CHANGES) {
    const [, own] = /(?:into|from|update) (?:public\.)?(\w+)/.exec(statement) ?? []
    if (more !== undefined) {
      if (more !== 0) sums.set(own!, (sums.get(own!) ?? 0) + more)
      continue
    }
    for (const finding of findings) {
      const [kind, table] = finding.split(' ')
      const step = { missing: -1, extra: 1, duplicates: 1 }[kind!] ?? 0
      sums.set(table!, (sums.get(table!) ?? 0) + step)
    }
  }
  return [...sums].flatMap(([table, more]) =>
    more === 0 ? [] : [`count ${table} ${more - (REFUSED[table] ?? 0)}`],
  )
}
