/** The function `start` and the connections that a project and its legacy server have left. */
import postgres from 'postgres'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { snapshot } from '../security/snapshot.ts'
import { testProject } from '../support/project.ts'
import { fillSource } from '../support/sample.ts'

const READER = 'LIMITED_DATABASE_URL'

const { project, servers, targetUrl, sourceUrl } = await testProject()
const database = new URL(targetUrl).pathname.slice(1)
const reader = `reader_of_${database}`
const sql = postgres(targetUrl, { max: 1, onnotice: () => undefined })
const admin = postgres(servers.target.url('postgres', servers.target.superuser), { max: 1 })
const legacy = postgres(sourceUrl, { max: 1, onnotice: () => undefined })

beforeAll(async () => {
  await fillSource(sourceUrl, { rows: 30 })
  await legacy.unsafe(`create role ${reader} login password 'reader'`)
  await legacy.unsafe(`grant select on all tables in schema public to ${reader}`)
  const address = new URL(sourceUrl)
  address.username = reader
  address.password = 'reader'
  project.setSecret(READER, address.href)
  // Nothing moves: what is looked at is how a migration begins.
  project.net.pause()
  project.cron.pause()
})
beforeEach(async () => {
  await limitSource(-1)
  await limitTarget(-1)
})
afterAll(async () => {
  await legacy.unsafe(`drop owned by ${reader}`)
  await legacy.unsafe(`drop role ${reader}`)
  await Promise.all([sql.end(), admin.end(), legacy.end()])
})

const limitSource = (limit: number) =>
  legacy.unsafe(`alter role ${reader} connection limit ${limit}`)

/** @param others how many more sessions than there are now; -1 for no limit */
async function limitTarget(others: number): Promise<void> {
  const [now] = await admin<{ n: number }[]>`
    select count(*)::integer as n from pg_stat_activity
     where datname = ${database} and backend_type = 'client backend'`
  const limit = others < 0 ? -1 : now!.n + others
  await admin.unsafe(`alter database ${database} connection limit ${limit}`)
}

async function start(schema: string, settings = {}) {
  const response = await fetch(`${project.url}/functions/v1/start`, {
    method: 'POST',
    headers: { apikey: project.keys.secret, 'content-type': 'application/json' },
    body: JSON.stringify({
      plan: {
        version: 1,
        name: 'budget',
        source: { secret: READER },
        entities: '*',
        rename: { schemas: { public: schema } },
        settings,
      },
    }),
  })
  const body = (await response.json()) as {
    migration_id: string
    notes: { code: string; path: string }[]
    error: { code: string; path?: string }
  }
  return { status: response.status, ...body }
}

async function lanesOf(id: string) {
  const [row] = await sql`
    select (configuration ->> 'lanes')::integer as lanes, lanes_allowed as allowed
      from migration.orchestrations where id = ${id}`
  return row
}

describe('a migration begins', () => {
  test('in the lanes of the plan where there is room, four by default', async () => {
    const { migration_id, notes } = await start('roomy')
    expect(notes).toEqual([])
    expect(await lanesOf(migration_id)).toEqual({ lanes: 4, allowed: 4 })
  })

  test('in fewer where the source has less, and says so to whoever started it', async () => {
    await limitSource(6)
    const { status, migration_id, notes } = await start('narrow_source', { lanes: 8 })
    expect([status, notes.map(({ code, path }) => [code, path])]).toEqual([
      202,
      [['lanes_reduced', 'settings.lanes']],
    ])
    expect(await lanesOf(migration_id)).toEqual({ lanes: 3, allowed: 3 })
  })

  test('in one where the target has less', async () => {
    await limitTarget(10)
    const { status, migration_id, notes } = await start('narrow_target')
    expect([status, notes.length]).toEqual([202, 1])
    expect(await lanesOf(migration_id)).toEqual({ lanes: 1, allowed: 1 })
  })
})

describe('refused, nothing written', () => {
  test.each<[string, () => Promise<unknown>]>([
    ['source', () => limitSource(0)],
    ['target', () => limitTarget(4)],
  ])('%s', async (side, limit) => {
    const before = await snapshot(sql)
    await limit()
    const { status, error } = await start('nowhere')
    expect([status, error.code]).toEqual([409, `${side}_too_few_connections`])
    expect(await snapshot(sql)).toEqual(before)
  })
})
