/**
 * The files of `supabase/migrations`, as far as a server can take them: on a plain PostgreSQL those that
 * need a hosted project's extensions or roles are left out knowingly.
 */
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { REPOSITORY } from '../local/paths.ts'
import type { TargetServer } from './server.ts'

export interface ControlFile {
  readonly name: string
  /** What the Supabase CLI knows it by. */
  readonly version: string
  readonly title: string
  readonly text: string
  /** Of the text, in hex. */
  readonly sha256: string
}

export interface LeftOut {
  readonly name: string
  readonly reason: string
}

const DIRECTORY = join(REPOSITORY, 'supabase', 'migrations')
const PLAIN_SERVER = join(import.meta.dirname, 'plain-server.sql')

/** Views run with their reader's rights from this release on. */
const FIRST_WITH_SECURITY_INVOKER = 150_000

/** In the order in which they are applied. */
export async function controlFiles(): Promise<ControlFile[]> {
  const names = (await readdir(DIRECTORY)).filter((name) => /^\d+_\w+\.sql$/.test(name)).sort()
  return Promise.all(
    names.map(async (name) => {
      const text = await readFile(join(DIRECTORY, name), 'utf8')
      const [, version = '', title = ''] = /^(\d+)_(\w+)\.sql$/.exec(name) ?? []
      return { name, version, title, text, sha256: sha256(text) }
    }),
  )
}

/** Closes the schema to everybody else where the files that do so were left out. */
export function plainServerStatements(): Promise<string> {
  return readFile(PLAIN_SERVER, 'utf8')
}

/** Why this server cannot take a file; undefined where it can. */
export function reasonToLeaveOut(file: ControlFile, server: TargetServer): string | undefined {
  switch (file.title) {
    case 'extensions':
    case 'schedule':
      return isHosted(server)
        ? undefined
        : 'the server has no pg_cron and pg_net; this command sweeps and dispatches itself'
    case 'policies':
    case 'grants':
      return hasApiRoles(server)
        ? undefined
        : 'the server has no API roles; the schema is closed to all but its owner instead'
    default:
      return undefined
  }
}

/** The text of a file as this server understands it. */
export function textFor(file: ControlFile, server: TargetServer): string {
  if (server.release >= FIRST_WITH_SECURITY_INVOKER) return file.text
  // Nobody but the owner reaches the views where roles are missing; elsewhere the release is newer.
  return file.text.replaceAll(' with (security_invoker = true)', '')
}

export function hasApiRoles(server: TargetServer): boolean {
  return server.api_roles.length === 3
}

function isHosted(server: TargetServer): boolean {
  return hasApiRoles(server) && server.extensions.length === 2 && server.has_extensions_schema
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
