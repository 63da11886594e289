/**
 * `npm run demo`: an embedded Supabase-like project and a legacy clinic on this machine, a migration
 * started over HTTP, and both databases compared at the end. Leaves nothing behind.
 */
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { compareDatabases } from './demo/compare.ts'
import { loadClinic } from './demo/load-clinic.ts'
import { verdict } from './demo/verdict.ts'
import { openClient } from './ferry/client.ts'
import { displayKind, openDisplay } from './ferry/display/display.ts'
import { follow } from './ferry/follow.ts'
import { migrateUp, openProject, type Project } from './local/project.ts'
import { type Servers, startServers } from './local/servers.ts'

const planFile = new URL('../examples/clinic/plan.json', import.meta.url)
const interrupted = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => interrupted.abort())
}

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
    const source = await createDatabase(servers)
    const target = 'postgres'
    const project = await openProject({ servers, database: target })
    try {
      say('Applying the migrations, and loading the legacy clinic …')
      await Promise.all([migrateUp(project), loadClinic(source)])
      return await migrate(project, source, signal)
    } finally {
      await project.stop()
    }
  } finally {
    await servers.stop()
  }
}

/** Moves the clinic; true where both databases are the same afterwards. */
async function migrate(project: Project, source: string, signal: AbortSignal): Promise<boolean> {
  project.setSecret('LEGACY_DATABASE_URL', source)
  const client = openClient({ url: project.url, key: project.keys.secret })
  const display = openDisplay(
    displayKind(false, process.stdout, process.env),
    process,
    process.stdout.isTTY === true && !process.env.NO_COLOR,
  )
  const began = performance.now()
  const { migration_id, entities } = await client.start(
    JSON.parse(await readFile(planFile, 'utf8')),
  )
  say(`POST /functions/v1/start → migration ${migration_id}, ${entities} entities`)
  const outcome = await follow(client, migration_id, display, { interval: 0.3, signal })
  const seconds = (performance.now() - began) / 1000
  display.end()
  const report = await client.report(migration_id)
  const tables = await compareDatabases(source, project.databaseUrl)
  const { lines, exact } = verdict(tables, report, seconds)
  for (const line of ['', ...lines]) say(line)
  return outcome === 'completed' && exact
}

/** An empty legacy database; answers its address. */
async function createDatabase({ source }: Servers): Promise<string> {
  const sql = postgres(source.url('postgres'), { max: 1 })
  await sql`create database legacy`
  await sql.end()
  return source.url('legacy')
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
