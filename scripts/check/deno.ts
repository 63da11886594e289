/**
 * Type-checks every function with both Deno releases, without a registry: what this accepts, the
 * hosted platform can load. Arguments: names of functions, none for all.
 */
import { join } from 'node:path'
import { REPOSITORY } from '../local/paths.ts'
import { denoBinaries, offline, run } from './command.ts'
import { functionNames } from './functions.ts'

const chosen = process.argv.slice(2)
const names = chosen.length > 0 ? chosen : functionNames()
if (names.length === 0) throw new Error('no function found to check')

for (const deno of denoBinaries) {
  for (const name of names) {
    const folder = join(REPOSITORY, 'supabase/functions', name)
    const { code, transcript } = await run(
      deno.path,
      [
        'check',
        '--quiet',
        '--no-lock',
        `--config=${join(folder, 'deno.json')}`,
        '--node-modules-dir=manual',
        join(folder, 'index.ts'),
      ],
      { env: offline },
    )
    if (code === 0) continue
    console.error(`${name}, Deno ${deno.name}:\n${transcript}`)
    process.exitCode = 1
  }
}
