/** The ways that a legacy database is copied in: left alone, with its functions killed, read by an odd role. */
import { setTimeout as sleep } from 'node:timers/promises'
import postgres, { type Sql } from 'postgres'
import { expect } from 'vitest'
import type { Project } from '../../scripts/local/index.ts'
import type { Dice } from '../support/dice.ts'
import { eventually } from '../support/eventually.ts'
import { deaths, killAtRandom } from '../support/killer.ts'
import type { LegacyDatabase } from './legacy-databases.ts'
import { emptyTarget, ended, errorsOf, start } from './move.ts'
import { ODD_TIMEOUT, type OddRole, oddities, oddRole } from './odd-role.ts'

export interface Scene {
  readonly project: Project
  readonly targetUrl: string
  /** The target's database, as `postgres`. */
  readonly target: Sql
  readonly database: LegacyDatabase
  /** Its address as its superuser, and as a role that may only read. */
  readonly source: { readonly owner: string; readonly reader: string }
  readonly chance: Dice
}

/** Copies the database of a scene into the emptied target. @returns the id of the completed migration */
export type Way = (scene: Scene) => Promise<string>

export const WAYS: Readonly<Record<string, Way>> = {
  'is left alone': async (scene) => {
    const id = await startOne(scene, scene.source.reader)
    await follow(scene, id, 0)
    expect(await codes(scene, id)).toEqual([])
    return id
  },
  'loses functions to SIGKILL': killed,
  'is read by a role with odd defaults': readOddly,
}

/** Kills in the first try; each further one has as many more. */
const KILLS = 3
const TRIES = 4

/** Tries again, with more kills, where none of them hit a process that had a batch. */
async function killed(scene: Scene): Promise<string> {
  for (let tries = 1; tries <= TRIES; tries += 1) {
    const id = await startOne(scene, scene.source.reader)
    const kills = await follow(scene, id, Math.min(KILLS * tries, 7))
    if ((await deaths({ sql: scene.target, migrationId: id })) > 0) {
      const causes = await codes(scene, id)
      console.log(`${kills} killed: ${causes.join(', ')}`)
      // A conflict (40001, 40P01) is no kill's doing, but it is tried again: the copy is what counts.
      const usual = ['holder_gone', 'lease_expired', 'target_conflict']
      expect(usual).toEqual(expect.arrayContaining(causes))
      return id
    }
    console.log(`none of ${kills} kills met a batch at work; again, with more`)
  }
  throw new Error(`no kill met a batch at work in ${TRIES} tries`)
}

async function readOddly(scene: Scene): Promise<string> {
  const { source, project } = scene
  const role = await oddRole(source.owner)
  try {
    expect(await oddities(role)).toEqual(ODD)
    project.net.pause()
    const id = await startOne(scene, role.address)
    await Promise.all([holdUp(scene, role), follow(scene, id, 0)])
    expect(await codes(scene, id)).toEqual([])
    return id
  } finally {
    project.net.resume()
    await role.drop()
  }
}

const ODD = {
  date: '03/02/2001',
  bytea: '\\000',
  interval: '0-1',
  float: '0.3',
  relations: 0,
  slow: '57014',
}

/** Locks the source's tables before the first call leaves, until a reader has waited past its default. */
async function holdUp({ source, project, database }: Scene, { name }: OddRole): Promise<void> {
  const sql = postgres(source.owner, { max: 2, onnotice: () => undefined })
  try {
    await sql.begin(async (locking) => {
      await locking.unsafe(`do $$ declare v_table text; begin
        for v_table in select format('%I.%I', schemaname, tablename) from pg_tables
                        where schemaname = any ('{${database.schemas.map(quoted).join()}}')
        loop execute 'lock table ' || v_table || ' in access exclusive mode'; end loop; end $$`)
      project.net.resume()
      const waits = async () => {
        const found = await sql`select from pg_stat_activity
          where usename = ${name} and wait_event_type = 'Lock' and state = 'active'`
        return found.length > 0
      }
      await eventually(waits, { what: 'a statement of the role waits', within: 30_000 })
      await sleep(2 * ODD_TIMEOUT)
      expect(await waits()).toBe(true)
    })
  } finally {
    await sql.end()
  }
}

const quoted = (name: string) => `"${name.replaceAll(/["\\]/g, '\\$&')}"`

/** Random lanes and a random size of the first batches. */
async function startOne(scene: Scene, source: string): Promise<string> {
  const { project, targetUrl, database, chance } = scene
  const [least, most] = database.batchRows
  const settings = {
    lanes: chance.between(1, 4),
    batch_rows: Math.round(least * (most / least) ** chance.next()),
  }
  console.log(`${database.name}: ${JSON.stringify(settings)}`)
  await emptyTarget(targetUrl, database.schemas)
  return start({ project, targetUrl, source, schemas: database.schemas, plan: { settings } })
}

/** To the end, which has to be a good one. @returns processes killed on the way */
async function follow(scene: Scene, migrationId: string, kills: number): Promise<number> {
  const { project, target: sql, targetUrl, chance, database } = scene
  const within = database.minutes * 20_000
  const killed = await killAtRandom({ project, sql, migrationId, chance, kills, within })
  const { status } = await ended(targetUrl, migrationId, 1000)
  expect(status, JSON.stringify(await errorsOf(targetUrl, migrationId))).toBe('completed')
  return killed
}

async function codes({ targetUrl }: Scene, id: string): Promise<string[]> {
  const errors = await errorsOf(targetUrl, id)
  return [...new Set(errors.map(({ error_code }) => error_code))]
}
