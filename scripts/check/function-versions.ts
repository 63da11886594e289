/**
 * Every function imports exactly the versions that package.json holds, so that Node, Deno and the
 * hosted platform run the same code.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { REPOSITORY } from '../local/paths.ts'
import { functionImports, functionNames } from './functions.ts'

const manifest = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8')) as {
  dependencies: Record<string, string>
}

/** One line per import that deviates; none where all agree. */
export function versionProblems(): string[] {
  const problems: string[] = []
  for (const name of functionNames()) {
    for (const [specifier, target] of Object.entries(functionImports(name))) {
      const match = /^npm:((?:@[^/]+\/)?[^/@]+)@([^/]+)((?:\/.*)?)$/.exec(target)
      const [, library = '', version = '', path = ''] = match ?? []
      const wanted = manifest.dependencies[library]
      const place = `supabase/functions/${name}/deno.json: ${specifier}`
      if (!match) problems.push(`${place} is not npm:name@version`)
      else if (wanted === undefined) problems.push(`${place}: ${library} is not in package.json`)
      else if (wanted !== version) problems.push(`${place}: ${version}, package.json has ${wanted}`)
      else if (specifier !== library + path) problems.push(`${place} stands for another module`)
    }
  }
  return problems
}

if (import.meta.main) {
  const problems = versionProblems()
  for (const problem of problems) console.error(problem)
  process.exitCode = problems.length === 0 ? 0 : 1
}
