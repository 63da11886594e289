/** The Edge Functions of the project, as supabase/functions names them. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { FUNCTIONS_DIRECTORY } from '../local/paths.ts'

/** Names of all functions, sorted. Folders that begin with `_` are shared code. */
export function functionNames(): string[] {
  return readdirSync(FUNCTIONS_DIRECTORY, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('_'))
    .map((entry) => entry.name)
    .sort()
}

/** The import map of one function: bare specifier → `npm:name@version[/path]`. */
export function functionImports(name: string): Record<string, string> {
  const text = readFileSync(join(FUNCTIONS_DIRECTORY, name, 'deno.json'), 'utf8')
  return (JSON.parse(text) as { imports?: Record<string, string> }).imports ?? {}
}
