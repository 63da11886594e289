/**
 * The generated clinic, dirty as it is, through the example plan into the example target: every row of every
 * table is where a hand-written oracle wants it, and refused is what the generator's own answer sheet
 * says, no row more or less. `FERRY_FULL=1` adds more rows and more dirt; `FERRY_SEED` repeats a run.
 */
import { readFile } from 'node:fs/promises'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dropDatabase, ensureDatabase } from '../../scripts/local/index.ts'
import { assertExactCounters } from '../support/counters.ts'
import { dice } from '../support/dice.ts'
import { loadLegacyClinic, sharedData } from '../support/dump.ts'
import { testProject } from '../support/project.ts'
import { type ClinicOracle, openClinicOracle } from './clinic-oracle.ts'
import { applyTarget, type ClinicScene, moveClinic } from './clinic-scene.ts'

interface Case {
  readonly scale: number
  readonly dirt: number
  readonly minutes: number
}

const { seed } = dice()
const small: readonly Case[] = [{ scale: 0.1, dirt: 1, minutes: 3 }]
const full: readonly Case[] = [
  { scale: 1, dirt: 1, minutes: 8 },
  { scale: 0.5, dirt: 6, minutes: 6 },
]
const cases = process.env.FERRY_FULL === '1' ? [...small, ...full] : small

describe.skipIf(sharedData() === undefined)(`with FERRY_SEED=${seed}`, async () => {
  const { project, servers, targetUrl } = await testProject({
    faults: { duplicate: 0.2, delay: { probability: 0.3, maxMilliseconds: 100 } },
  })
  const target = postgres(targetUrl, { max: 2, onnotice: () => undefined })
  afterAll(() => target.end())

  describe.each(cases)('scale $scale, dirt $dirt', ({ scale, dirt, minutes }) => {
    const chance = dice(seed + Math.round(scale * 1000) + dirt)
    const name = `mapped_clinic_${String(scale).replace('.', '_')}_${dirt}`
    const timeout = minutes * 60_000
    let oracle: ClinicOracle

    beforeAll(async () => {
      await ensureDatabase(servers.source, name)
      const own = servers.source.url(name)
      await loadLegacyClinic(own, { scale, dirt, seed })
      oracle = await openClinicOracle(servers.target.url('postgres'), own)
    }, timeout)
    afterAll(async () => {
      await oracle?.close()
      await dropDatabase(servers.source, name)
    })

    it.each([
      ['is left alone', 0],
      ['loses functions to SIGKILL', 3],
    ] as const)('%s, and is what the oracle says', { timeout }, async (way, kills) => {
      const reader = servers.source.url(name, 'legacy_reader')
      await expectNoAnswers(reader)
      await applyTarget(targetUrl)
      const scene: ClinicScene = {
        project,
        targetUrl,
        target,
        source: reader,
        chance,
        system: `clinic-${scale}-${dirt}-${kills}`,
      }
      const { id, system } = await moveClinic(scene, { kills, within: timeout / 2 })
      console.log(`${way}: migration ${id}`)
      await expectBooks(targetUrl, id, oracle)
      expectNoDifference(await oracle.look(targetUrl, id, system))
      await assertExactCounters(targetUrl, id)
      await expectVerified(targetUrl, id)
    })
  })
})

/** Whoever reads the source for the migration must not find the answers there. */
async function expectNoAnswers(reader: string): Promise<void> {
  const sql = postgres(reader, { max: 1 })
  try {
    expect(await sql`select from pg_catalog.pg_namespace where nspname = '_dirt'`).toHaveLength(0)
  } finally {
    await sql.end()
  }
}

/** For every entity: read is what the source has, refused what the answer sheet has, loaded the rest. */
async function expectBooks(targetUrl: string, id: string, oracle: ClinicOracle): Promise<void> {
  const sql = postgres(targetUrl, { max: 1, onnotice: () => undefined })
  try {
    const found = await sql`
      select entity_name, target_entity, status, records_read::int as read,
             records_processed::int as loaded, records_failed::int as refused,
             records_filtered::int as filtered
        from migration.entity_statuses where migration_id = ${id}`
    const expected = (await planEntities()).map(({ source, target }) => {
      const table = source.replace('public.', '')
      const read = oracle.sources.get(table) ?? Number.NaN
      const refused = oracle.refused.get(table) ?? 0
      const counts = { read, loaded: read - refused, refused, filtered: 0 }
      return { entity_name: source, target_entity: target, status: 'completed', ...counts }
    })
    const byName = (a: { entity_name: string }, b: { entity_name: string }) =>
      a.entity_name < b.entity_name ? -1 : 1
    const rows = found.map((row) => ({ ...row }) as (typeof expected)[number])
    expect(rows.sort(byName)).toEqual(expected.sort(byName))
    expect(expected.map(({ entity_name: source }) => source)).toHaveLength(oracle.sources.size)
  } finally {
    await sql.end()
  }
}

/** The engine's own verification came to the same end, in full. */
async function expectVerified(targetUrl: string, id: string): Promise<void> {
  const sql = postgres(targetUrl, { max: 1, onnotice: () => undefined })
  try {
    const [row] = await sql`
      select v.mode, v.is_gate, v.status,
             (select count(*)::int from migration.findings f
               where f.verification_id = v.id and f.severity <> 'warning') as findings
        from migration.verifications v where v.migration_id = ${id} order by v.started_at desc limit 1`
    expect({ ...row }).toEqual({ mode: 'full', is_gate: true, status: 'passed', findings: 0 })
  } finally {
    await sql.end()
  }
}

async function planEntities(): Promise<{ source: string; target: string }[]> {
  const file = new URL('../../examples/clinic/plan.json', import.meta.url)
  return JSON.parse(await readFile(file, 'utf8')).entities
}

function expectNoDifference(found: Awaited<ReturnType<ClinicOracle['look']>>): void {
  const { tables, refusals, map, codes, preserved } = found
  const differing = [...tables, ...refusals, ...map].filter(
    ({ missing, surplus }) => missing + surplus > 0,
  )
  expect({ differing, codes, changed: preserved.filter(({ changed }) => changed > 0) }).toEqual({
    differing: [],
    codes: [],
    changed: [],
  })
  // What is equal was looked at: every table, all the dirt, a map of almost all rows.
  const total = (all: readonly { expected: number }[]) =>
    all.reduce((sum, { expected }) => sum + expected, 0)
  expect(tables).toHaveLength(26)
  expect(total(refusals)).toBeGreaterThan(100)
  expect(total(map)).toBeGreaterThan(total(refusals) / 10)
  expect(preserved.reduce((sum, { looked_at }) => sum + looked_at, 0)).toBeGreaterThan(20)
}
