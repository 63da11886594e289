/**
 * The embedded project in the foreground, for `ferry dev`: data in `.ferry/`, kept between runs. One
 * process owns it; a run that was killed is tidied up by the next.
 */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { migrateUp } from './migrate.ts'
import { DEV_DIRECTORY, FUNCTIONS_DIRECTORY } from './paths.ts'
import { bootstrapTarget, ensureDatabase } from './postgres/databases.ts'
import { openProject, type Project } from './project.ts'
import { type Servers, startServers } from './servers.ts'

export interface DevOptions {
  /** `.ferry/` of this repository by default. */
  readonly directory?: string
  /** One line of output; the console by default. */
  readonly print?: (line: string) => void
  /** This repository's functions and config.toml by default. */
  readonly functionsDirectory?: string
  readonly configFile?: string
  /** Ends the run, as Ctrl-C does. */
  readonly signal?: AbortSignal
}

/** `project.json` in the directory, readable by its user only, there while the project runs. */
export interface ProjectFile {
  readonly url: string
  readonly publishable_key: string
  readonly secret_key: string
  /** The target, as the role `postgres`. */
  readonly database_url: string
  /** The legacy database, as its owner: for loading it. */
  readonly source_url: string
  readonly pid: number
}

const DATABASE = 'postgres'
const LEGACY_DATABASE = 'legacy'
/** The secret that plans name for their source, unless the user sets it. */
const LEGACY_SECRET = 'LEGACY_DATABASE_URL'

/**
 * Runs until Ctrl-C (or SIGTERM, SIGHUP, or the given signal), then ends every process that it started.
 * @throws FerryError `already_running` where another one runs in the same directory; what starting the
 *   servers and applying the migrations may raise
 */
export async function runDev(options: DevOptions = {}): Promise<void> {
  const directory = options.directory ?? DEV_DIRECTORY
  const print = options.print ?? console.log
  const interruption = untilInterrupted(options.signal)
  const file = join(directory, 'project.json')
  let servers: Servers | undefined
  let project: Project | undefined
  try {
    print('Starting PostgreSQL …')
    servers = await startServers({ directory, log: print })
    project = await openDevProject(servers, options, print, interruption.signal)
    if (project) {
      writeProjectFile(file, project)
      for (const line of describe(project, directory)) print(line)
      await interruption.happened
      print('Stopping …')
    }
  } finally {
    interruption.forget()
    await project?.stop()
    await servers?.stop()
    // Not where another run owns the directory: then the file is that one's.
    if (servers) rmSync(file, { force: true })
  }
}

/** Undefined where the user interrupted meanwhile. */
async function openDevProject(
  servers: Servers,
  options: DevOptions,
  print: (line: string) => void,
  signal: AbortSignal,
): Promise<Project | undefined> {
  await Promise.all([
    bootstrapTarget(servers.target, DATABASE),
    ensureDatabase(servers.source, LEGACY_DATABASE),
  ])
  if (signal.aborted) return undefined
  print('Applying the migrations …')
  await migrateUp(servers.target.url(DATABASE))
  if (signal.aborted) return undefined
  const { functionsDirectory, configFile } = options
  return await openProject({
    servers,
    database: DATABASE,
    directory: servers.directory,
    ...(functionsDirectory ? { functionsDirectory } : {}),
    ...(configFile ? { configFile } : {}),
    secrets: {
      [LEGACY_SECRET]: servers.source.url(LEGACY_DATABASE, 'legacy_reader'),
      ...secretsOfFunctions(functionsDirectory ?? FUNCTIONS_DIRECTORY),
    },
    log: print,
    onFunctionLine: (line) => print(`${line.function} │ ${line.text}`),
  })
}

/** `.env` beside the functions, the platform's place for the secrets of local functions. */
function secretsOfFunctions(directory: string): Record<string, string> {
  const file = join(directory, '.env')
  if (!existsSync(file)) return {}
  return parseEnv(readFileSync(file, 'utf8')) as Record<string, string>
}

function writeProjectFile(file: string, project: Project): void {
  const content: ProjectFile = {
    url: project.url,
    publishable_key: project.keys.publishable,
    secret_key: project.keys.secret,
    database_url: project.databaseUrl,
    source_url: project.servers.source.url(LEGACY_DATABASE),
    pid: process.pid,
  }
  const temporary = `${file}.${process.pid}`
  writeFileSync(temporary, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 })
  renameSync(temporary, file)
}

function describe(project: Project, directory: string): readonly string[] {
  const { source } = project.servers
  return [
    '',
    `Project           ${project.url}`,
    `Publishable key   ${project.keys.publishable}`,
    `Secret key        ${project.keys.secret}`,
    `Target database   ${project.databaseUrl}`,
    `Legacy database   ${source.url(LEGACY_DATABASE)}`,
    `                  functions read it as ${LEGACY_SECRET}`,
    `Data and logs     ${directory}`,
    '',
    'Ctrl-C stops everything; the data stays.',
  ]
}

interface Interruption {
  readonly signal: AbortSignal
  readonly happened: Promise<void>
  forget(): void
}

function untilInterrupted(outer: AbortSignal | undefined): Interruption {
  const controller = new AbortController()
  const interrupt = () => controller.abort()
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const name of names) process.on(name, interrupt)
  outer?.addEventListener('abort', interrupt)
  if (outer?.aborted) interrupt()
  return {
    signal: controller.signal,
    happened: new Promise((resolve) => {
      if (controller.signal.aborted) return resolve()
      controller.signal.addEventListener('abort', () => resolve(), { once: true })
    }),
    forget: () => {
      for (const name of names) process.removeListener(name, interrupt)
      outer?.removeEventListener('abort', interrupt)
    },
  }
}
