/** Holds the code to .dependency-cruiser.mjs: dependencies point one way, and no circle exists. */
import { run } from './command.ts'

const folders = ['shared', 'supabase/functions', 'scripts']
const result = await run('depcruise', ['--config', '.dependency-cruiser.mjs', ...folders])
console.error(result.transcript.trim())

// Without a compiler that it knows, dependency-cruiser looks at nothing and is content.
const modules = /\((\d+) modules/.exec(result.transcript)?.[1]
if (result.code === 0 && Number(modules ?? 0) < 10) {
  console.error('dependency-cruiser saw no TypeScript: is @swc/core installed?')
  process.exitCode = 1
} else {
  process.exitCode = result.code
}
