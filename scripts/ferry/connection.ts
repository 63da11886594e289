/** Which project a command talks to: options, then the environment, then the project of `ferry dev`. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { DEV_DIRECTORY } from '../local/paths.ts'
import type { Connection } from './client.ts'
import { badInput } from './refusal.ts'

/** Written by `ferry dev`, readable by its user only, there while it runs. */
const PROJECT_FILE = join(DEV_DIRECTORY, 'project.json')

const ProjectFile = z.looseObject({ url: z.string(), secret_key: z.string() })

export interface ConnectionOptions {
  readonly url?: string | undefined
  readonly key?: string | undefined
}

/** @throws FerryError `url_missing`, `key_missing`, `url_invalid`, `project_file_invalid` */
export async function findConnection(
  options: ConnectionOptions,
  environment: Readonly<Record<string, string | undefined>>,
  projectFile: string = PROJECT_FILE,
): Promise<Connection> {
  const url = options.url || environment.SUPABASE_URL
  const key = options.key || environment.SUPABASE_SECRET_KEY
  if (url && key) return { url: checked(url), key }
  const local = await localProject(projectFile)
  // A key is never sent to an address it does not belong to: the file serves whole or not at all.
  if (local !== undefined && (!url || sameOrigin(url, local.url))) {
    return { url: checked(local.url), key: options.key || local.secret_key }
  }
  if (!url) {
    throw badInput(
      'url_missing',
      'No project to talk to.',
      'Give --url and --key, or set SUPABASE_URL and SUPABASE_SECRET_KEY, or run "ferry dev".',
    )
  }
  throw badInput(
    'key_missing',
    'No key for the project.',
    'Give --key or set SUPABASE_SECRET_KEY: a secret key of the project (Settings, API keys).',
  )
}

async function localProject(file: string): Promise<z.infer<typeof ProjectFile> | undefined> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch {
    return undefined
  }
  try {
    return ProjectFile.parse(JSON.parse(text))
  } catch {
    throw badInput('project_file_invalid', `${file} cannot be read.`, 'Run "ferry dev" again.')
  }
}

/** A key travels with every request, so plain HTTP is for this machine only. */
function checked(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const encrypted = url?.protocol === 'https:'
  if (url === undefined || !(encrypted || (url.protocol === 'http:' && isLoopback(url.hostname)))) {
    throw badInput(
      'url_invalid',
      'The address of the project must begin with https:// (http:// only on this machine).',
      'It looks like https://<ref>.supabase.co.',
    )
  }
  return url.origin
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host)
}

function sameOrigin(one: string, other: string): boolean {
  return URL.canParse(one) && URL.canParse(other) && new URL(one).origin === new URL(other).origin
}
