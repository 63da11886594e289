/** Moves a database through the real functions, and waits for the end. */
import postgres from 'postgres'
import type { Project } from '../../scripts/local/index.ts'
import { eventually } from '../support/eventually.ts'

export interface MoveOptions {
  readonly project: Project
  readonly targetUrl: string
  /** Address of the source. */
  readonly source: string
  readonly schemas?: readonly string[]
  /** Anything of a plan: entities, rename, settings … */
  readonly plan?: object
}

interface Ended {
  readonly migration_id: string
  readonly status: string
  readonly failure_reason: string | null
}

/** Starts a migration. @throws Error with the answer where it is refused */
export async function start(options: MoveOptions): Promise<string> {
  const { project, source, schemas = ['public'] } = options
  project.setSecret('FIDELITY_SOURCE', source)
  const response = await fetch(`${project.url}/functions/v1/start`, {
    method: 'POST',
    headers: { apikey: project.keys.secret, 'content-type': 'application/json' },
    body: JSON.stringify({
      plan: {
        version: 1,
        name: 'fidelity',
        source: { secret: 'FIDELITY_SOURCE', schemas },
        entities: '*',
        ...options.plan,
      },
    }),
  })
  const text = await response.text()
  if (response.status !== 202) throw new Error(`start answered ${response.status}: ${text}`)
  return (JSON.parse(text) as { migration_id: string }).migration_id
}

/** The end of a migration, whatever it is. */
export async function ended(targetUrl: string, id: string, within = 30_000): Promise<Ended> {
  const sql = postgres(targetUrl, { max: 1, onnotice: () => undefined })
  try {
    return await eventually(
      async () => {
        const [row] = await sql<Ended[]>`
          select id as migration_id, status, failure_reason from migration.orchestrations where id = ${id}`
        if (row?.status === 'completed' || row?.status === 'failed') return row
        throw new Error(`it is ${row?.status}`)
      },
      { what: 'the end of the migration', within, every: 50 },
    )
  } finally {
    await sql.end()
  }
}

/** @throws Error with the errors of the migration where it does not complete */
export async function move(options: MoveOptions): Promise<string> {
  const id = await start(options)
  const { status } = await ended(options.targetUrl, id)
  if (status !== 'completed') throw new Error(JSON.stringify(await errorsOf(options.targetUrl, id)))
  return id
}

export async function errorsOf(targetUrl: string, id: string) {
  const sql = postgres(targetUrl, { max: 1, onnotice: () => undefined })
  try {
    return await sql<{ error_code: string; sqlstate: string | null; error_message: string }[]>`
      select error_code, sqlstate, error_message from migration.errors where migration_id = ${id}`
  } finally {
    await sql.end()
  }
}

/** Takes everything away that a migration made in these schemas. */
export async function emptyTarget(targetUrl: string, schemas: readonly string[]): Promise<void> {
  const sql = postgres(targetUrl, { max: 1, onnotice: () => undefined })
  try {
    for (const schema of schemas) {
      await sql.unsafe(`drop schema if exists "${schema.replaceAll('"', '""')}" cascade`)
    }
    await sql`create schema if not exists public`
  } finally {
    await sql.end()
  }
}
