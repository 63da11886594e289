/**
 * PgBouncer with transaction pooling in front of either database: what works comes out exact and leaves
 * nothing behind in the pooled sessions, what cannot work is refused.
 */
import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import postgres, { type Sql } from 'postgres'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cloneDatabase, dropDatabase, openProject, type Server } from '../../scripts/local/index.ts'
import { objectOf, refusalOf, run, startRun } from '../e2e/run-command.ts'
import { emptyTarget, filledSource } from '../e2e/run-scene.ts'
import { assertExactCounters } from '../support/counters.ts'
import { adoptJobs } from '../support/fault-settings.ts'
import { assertExactCopy } from '../support/oracle.ts'
import { type Pooler, poolerProgram, startPooler } from '../support/pooler.ts'
import { attachServers } from '../support/project.ts'
import type { Scratch } from '../support/scratch.ts'
import { TEMPLATE } from '../support/servers.ts'
import { ended, errorsOf, start } from './move.ts'

const ROWS = 6000
/** Fewer than lanes: sessions change hands all the time. */
const POOL = 2
const settings = { lanes: 4, batch_rows: 100 }
const plan = {
  version: 1,
  name: 'pooled',
  source: { secret: 'LEGACY_DATABASE_URL' },
  entities: '*',
}

if (!poolerProgram()) console.log('skipped: PgBouncer is not installed')

describe.skipIf(!poolerProgram())('a pooler that pools transactions', async () => {
  const servers = attachServers()
  const poolers: Pooler[] = []
  const before = async (server: Server) => {
    const pooler = await startPooler({ port: server.port, roles: ['postgres'], poolSize: POOL })
    poolers.push(pooler)
    return pooler
  }
  let source: Scratch
  beforeAll(async () => {
    source = await filledSource(ROWS)
  })
  afterAll(async () => {
    await source.drop()
    await Promise.all(poolers.map((pooler) => pooler.stop()))
  })

  it('in front of the source brings everything, exactly', async () => {
    const pooler = await before(servers.source)
    const target = await emptyTarget()
    const pooled = pooler.through(source.url)
    const end = await run({ source: pooled, target: target.url, plan: { ...plan, settings } })
    expect(end.code, end.out + end.err).toBe(0)
    const { migration_id: id } = objectOf(end) as { migration_id: string }
    const compared = await assertExactCopy({ source: source.url, target: target.url })
    expect(compared.rows).toBe(ROWS)
    await assertExactCounters(target.url, id)
    expect(await errorsOf(target.url, id)).toEqual([])
    await expectCleanPool(pooled, source.url)
  })

  it('in front of the target takes everything from the functions, exactly', async () => {
    const pooler = await before(servers.target)
    const name = `pooled_${randomBytes(5).toString('hex')}`
    await cloneDatabase(servers.target, TEMPLATE, name)
    await adoptJobs(servers.target, name)
    const targetUrl = servers.target.url(name)
    const project = await openProject({
      servers: { ...servers, target: behind(servers.target, pooler) },
      database: name,
    })
    try {
      const id = await start({ project, targetUrl, source: source.url, plan: { settings } })
      const { status } = await ended(targetUrl, id)
      expect(await errorsOf(targetUrl, id)).toEqual([])
      expect(status).toBe('completed')
      const compared = await assertExactCopy({ source: source.url, target: targetUrl })
      expect(compared.rows).toBe(ROWS)
      await assertExactCounters(targetUrl, id)
      await project.stop()
      await expectCleanPool(pooler.through(targetUrl), targetUrl)
    } finally {
      await project.stop()
      rmSync(project.directory, { recursive: true, force: true })
      await dropDatabase(servers.target, name)
    }
  })

  it('in front of the target of ferry run is refused: it hears of nothing there', async () => {
    const pooler = await before(servers.source)
    const target = await emptyTarget()
    const pooled = pooler.through(target.url)
    const call = startRun({ source: source.url, target: pooled, plan: { ...plan, settings } })
    let hung = false
    const patience = setTimeout(() => {
      hung = true
      call.child.kill('SIGINT')
    }, 20_000)
    const end = await call.ended
    clearTimeout(patience)
    expect(hung, 'it hung').toBe(false)
    expect(refusalOf(end)).toBe('2 target_pooled')
    const written = await target.sql`select from pg_namespace where nspname = 'migration'`
    expect(written).toEqual([])
    await expectCleanPool(pooled, target.url)
  })
})

/** The same server, but whoever asks for an address gets the pooler's. */
function behind(server: Server, pooler: Pooler): Server {
  const url: Server['url'] = (database, role) => pooler.through(server.url(database, role))
  return Object.create(server, { url: { value: url } }) as Server
}

/** No session of the pool has a setting of somebody's left, and none holds an advisory lock. */
async function expectCleanPool(pooled: string, direct: string): Promise<void> {
  const pool = postgres(pooled, { max: POOL, prepare: false, fetch_types: false })
  const own = postgres(direct, { max: 1 })
  try {
    const sessions = await sessionsOf(pool)
    expect(new Set(sessions.map(({ pid }) => pid)).size).toBe(POOL)
    expect(sessions.flatMap(({ changed }) => changed)).toEqual([])
    const locks = await own`
      select l.pid from pg_locks l join pg_database d on d.oid = l.database
       where l.locktype = 'advisory' and d.datname = current_database()`
    expect([...locks]).toEqual([])
  } finally {
    await Promise.all([pool.end(), own.end()])
  }
}

/** All sessions of the pool: so many transactions are open at the same time. */
async function sessionsOf(pool: Sql) {
  let meet = () => {}
  const met = new Promise<void>((resolve) => {
    meet = resolve
  })
  let here = 0
  return Promise.all(
    Array.from({ length: POOL }, () =>
      pool.begin(async (transaction) => {
        const session = await readSession(transaction)
        here += 1
        if (here === POOL) meet()
        await met
        return session
      }),
    ),
  )
}

/** What is set otherwise than in a new session, but for what a transaction or the pooler sets itself. */
async function readSession(sql: postgres.TransactionSql) {
  const [session] = await sql<{ pid: number; changed: string[] }[]>`
    select pg_backend_pid() as pid,
           (select coalesce(json_agg(name || ' = ' || setting), '[]') from pg_settings
             where setting is distinct from reset_val and context in ('user', 'superuser')
               and name !~ '^(transaction_|tcp_|application_name)') as changed`
  return session!
}
