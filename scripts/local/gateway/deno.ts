/** The Deno binary itself: the package's own `bin` may be a Node script whose child outlives a kill. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { FerryError } from '../../../shared/platform/errors.ts'
import { packageDirectory } from '../paths.ts'

/**
 * @param name the package that brings it: `deno`, or `deno-floor` for the release that hosted functions
 *   are compatible with
 */
export function denoBinary(name: 'deno' | 'deno-floor' = 'deno'): string {
  const home = packageDirectory(name)
  const hydrated = join(home, process.platform === 'win32' ? 'deno.exe' : 'deno')
  if (existsSync(hydrated)) return hydrated
  for (const library of ['', '-glibc']) {
    try {
      const own = packageDirectory(`@deno/${process.platform}-${process.arch}${library}`, home)
      return join(own, 'deno')
    } catch {
      // Not this one; the last word is below.
    }
  }
  throw new FerryError({
    code: 'platform_unsupported',
    message: `There is no Deno binary for ${process.platform}-${process.arch}.`,
    hint: 'Run npm ci without --ignore-scripts and without --omit=optional.',
  })
}
