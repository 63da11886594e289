/** The clinic on its way through the example plan: into a target of its own, left alone or under kills. */
import { readFile } from 'node:fs/promises'
import postgres, { type Sql } from 'postgres'
import { expect } from 'vitest'
import type { Project } from '../../scripts/local/index.ts'
import { emptyTarget, ended, start } from '../fidelity/move.ts'
import type { Dice } from '../support/dice.ts'
import { deaths, killAtRandom } from '../support/killer.ts'

export interface ClinicScene {
  readonly project: Project
  readonly targetUrl: string
  /** The target's database, as `postgres`. */
  readonly target: Sql
  /** Address of the source, as a role that may only read. */
  readonly source: string
  readonly chance: Dice
  /** How the names of the source system begin: every try has a map of its own. */
  readonly system: string
}

const example = (file: string) =>
  readFile(new URL(`../../examples/clinic/${file}`, import.meta.url), 'utf8')

/** An empty target with the tables of the example. */
export async function applyTarget(targetUrl: string): Promise<void> {
  await emptyTarget(targetUrl, ['public', 'legacy_archive'])
  const sql = postgres(targetUrl, { max: 1, onnotice: () => undefined })
  try {
    await sql
      .unsafe(`set search_path = public, pg_catalog; ${await example('target.sql')}`)
      .simple()
  } finally {
    await sql.end()
  }
}

/** Times that a kill may miss every batch at work; each further try has more of them. */
const TRIES = 4

/**
 * @returns the id of the completed migration, with a batch at least that died where kills were asked for, and
 *   the name of its source system
 */
export async function moveClinic(
  scene: ClinicScene,
  { kills, within }: { readonly kills: number; readonly within: number },
): Promise<{ id: string; system: string }> {
  for (let tries = 1; tries <= TRIES; tries += 1) {
    const system = `${scene.system}-${tries}`
    const id = await startClinic(scene, system)
    const { project, target: sql, targetUrl, chance } = scene
    const upTo = Math.min(kills * tries, 7)
    const killed = await killAtRandom({
      project,
      sql,
      migrationId: id,
      chance,
      kills: upTo,
      within,
    })
    const { status } = await ended(targetUrl, id, 1000)
    expect(status, JSON.stringify(await troubles(scene, id))).toBe('completed')
    if (kills === 0) expect(await troubles(scene, id)).toEqual([])
    if (kills === 0 || (await deaths({ sql, migrationId: id })) > 0) {
      return { id, system }
    }
    console.log(`none of ${killed} kills met a batch at work; again, with more`)
    await applyTarget(targetUrl)
  }
  throw new Error(`no kill met a batch at work in ${TRIES} tries`)
}

/** Random lanes and a random size of the first batches. */
async function startClinic(scene: ClinicScene, system: string): Promise<string> {
  const { project, targetUrl, source, chance } = scene
  const plan = JSON.parse(await example('plan.json'))
  const settings = {
    ...plan.settings,
    lanes: chance.between(1, 4),
    batch_rows: Math.round(50 * 40 ** chance.next()),
  }
  console.log(`${system}: ${JSON.stringify(settings)}`)
  return start({
    project,
    targetUrl,
    source,
    plan: {
      ...plan,
      settings,
      source: { secret: 'FIDELITY_SOURCE', schemas: ['public'], system },
    },
  })
}

/** What went wrong besides refused rows. */
function troubles({ target }: ClinicScene, id: string) {
  return target`
    select e.entity_name, x.error_code, x.sqlstate, x.error_message, x.context
      from migration.errors x left join migration.entity_statuses e on e.id = x.entity_status_id
     where x.migration_id = ${id} and not x.is_dead_letter`.then((rows) => [...rows])
}
