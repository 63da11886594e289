/**
 * Puts the stand-ins for pg_cron, pg_net and Vault where the embedded PostgreSQL looks for extensions
 * (release 17 has one place only, in the package). They are *trusted*: `create extension` by the
 * non-superuser `postgres` runs their script as the bootstrap superuser, which is what the platform does.
 *
 * Each file is written beside its place and renamed, and only where it differs: several processes may do
 * this at once, and a server that reads meanwhile sees one whole version.
 */
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const source = dirname(fileURLToPath(import.meta.url))

/** @param directory the server's `share/postgresql/extension` */
export function installExtensions(directory: string): void {
  for (const file of readdirSync(source).filter((name) => /\.(sql|control)$/.test(name))) {
    place(join(directory, file), readFileSync(join(source, file), 'utf8'))
  }
}

function place(path: string, content: string): void {
  if (currentContent(path) === content) return
  const temporary = `${path}.${process.pid}.tmp`
  try {
    writeFileSync(temporary, content, { mode: 0o644 })
    renameSync(temporary, path)
  } finally {
    rmSync(temporary, { force: true })
  }
}

function currentContent(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
