/** Where things lie in this repository and in its packages. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))

/** The root of the repository: the folder that holds `supabase/` and `package.json`. */
export const REPOSITORY = join(here, '..', '..')
export const FUNCTIONS_DIRECTORY = join(REPOSITORY, 'supabase', 'functions')
export const CONFIG_FILE = join(REPOSITORY, 'supabase', 'config.toml')
export const DEV_DIRECTORY = join(REPOSITORY, '.ferry')

/**
 * The folder of a package that is installed here or, as npm may nest it, below another package.
 * Looked up by folder, because a package may export neither its package.json nor a main file.
 * @throws Error where it is not installed
 */
export function packageDirectory(name: string, below: string = here): string {
  for (let folder = below; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name)
    if (existsSync(candidate)) return candidate
    if (folder === dirname(folder)) throw new Error(`The package ${name} is not installed`)
  }
}

/** The version of a package that is installed here. */
export function packageVersion(name: string): string {
  const manifest = readFileSync(join(packageDirectory(name), 'package.json'), 'utf8')
  return (JSON.parse(manifest) as { version: string }).version
}
