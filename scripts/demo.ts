/**
 * `npm run demo`: an embedded Supabase-like project and a legacy clinic on this machine, a migration
 * into a clean schema started over HTTP, and both databases held against each other at the end: every row
 * has arrived or is a dead letter with its reason. Leaves nothing behind.
 */
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pc from 'picocolors'
import postgres from 'postgres'
import { compareDatabases, type TablePair } from './demo/compare.ts'
import { loadClinic } from './demo/load-clinic.ts'
import { verdict } from './demo/verdict.ts'
import { openClient } from './ferry/client.ts'
import { displayKind, openDisplay } from './ferry/display/display.ts'
import { follow } from './ferry/follow.ts'
import {
  bootstrapTarget,
  ensureDatabase,
  migrateUp,
  openProject,
  type Project,
  startServers,
} from './local/index.ts'

const clinic = new URL('../examples/clinic/', import.meta.url)
const interrupted = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => interrupted.abort())
}
// Nobody reads on, as with `| head`: the servers still have to be stopped.
process.stdout.on('error', () => interrupted.abort())

const directory = await mkdtemp(join(tmpdir(), 'supaferry-demo-'))
// The servers may run under another account, which has to pass through here.
await chmod(directory, 0o755)
try {
  process.exitCode = (await demonstrate(directory, interrupted.signal)) ? 0 : 1
} catch (error) {
  if (!interrupted.signal.aborted) throw error
  process.exitCode = 130
} finally {
  await rm(directory, { recursive: true, force: true })
}

async function demonstrate(directory: string, signal: AbortSignal): Promise<boolean> {
  say('Starting two PostgreSQL servers: a project and a legacy database …')
  const servers = await startServers({ directory })
  try {
    await Promise.all([
      bootstrapTarget(servers.target, 'postgres'),
      ensureDatabase(servers.source, 'legacy'),
    ])
    const project = await openProject({ servers, database: 'postgres' })
    try {
      say('Applying the migrations and the new schema, and loading the legacy clinic …')
      await Promise.all([
        migrateUp(project.databaseUrl).then(() => applyTarget(project.databaseUrl)),
        loadClinic(servers.source.url('legacy')),
      ])
      return await migrate(project, servers.source.url('legacy', 'legacy_reader'), signal)
    } finally {
      await project.stop()
    }
  } finally {
    await servers.stop()
  }
}

/** The tables that the new application will use. */
async function applyTarget(address: string): Promise<void> {
  const sql = postgres(address, { max: 1, onnotice: () => {} })
  try {
    const schema = await readFile(new URL('target.sql', clinic), 'utf8')
    await sql.unsafe(`set search_path = public, pg_catalog; ${schema}`).simple()
  } finally {
    await sql.end()
  }
}

/**
 * Moves the clinic through the functions.
 *
 * @param source address of the legacy database, as a role that can only read
 * @returns true where every row of the source is accounted for afterwards
 */
async function migrate(project: Project, source: string, signal: AbortSignal): Promise<boolean> {
  project.setSecret('LEGACY_DATABASE_URL', source)
  const client = openClient({ url: project.url, key: project.keys.secret })
  const isColored = process.stdout.isTTY === true && !process.env.NO_COLOR
  const display = openDisplay(displayKind(false, process.stdout, process.env), process, isColored)
  const plan = JSON.parse(await readFile(new URL('plan.json', clinic), 'utf8'))
  const { migration_id, entities } = await client.start(plan)
  say(`POST /functions/v1/start → migration ${migration_id}, ${entities} entities`)
  const outcome = await follow(client, migration_id, display, { interval: 0.3, signal })
  display.end()
  const report = await client.report(migration_id)
  const [example] = (
    await client.deadLetters(migration_id, {
      state: 'unresolved',
      limit: 1,
      code: 'range_violated',
    })
  ).dead_letters
  const pairs: TablePair[] = plan.entities
  const compared = await compareDatabases(source, project.databaseUrl, pairs)
  const { lines, exact } = verdict(compared, report, example, pc.createColors(isColored))
  for (const line of ['', ...lines]) say(line)
  return outcome === 'completed' && exact
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
