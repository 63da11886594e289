/**
 * House rules that no linter knows: file length, names that hide a concern, and runtime globals in
 * the runtime-neutral code.
 */
import { existsSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { REPOSITORY } from '../local/paths.ts'
import { run } from './command.ts'

const maximumLines = 250
/** Generated, or data. */
const exempt = /(^examples\/|database\.types\.ts$)/
const vagueNames = /^(utils?|common|helpers?|misc|types)\.(ts|sql)$/
const runtimeGlobals = /\b(?:Deno|process|EdgeRuntime)\s*\./
const skippedTest = /\b(?:it|test|describe)\.(?:skip|only|todo)\b/

/** One line per broken rule; `read` gives the text of a file. */
export function fileProblems(files: readonly string[], read: (file: string) => string): string[] {
  const problems: string[] = []
  for (const file of files) {
    if (!/\.(ts|sql)$/.test(file) || exempt.test(file)) continue
    const text = read(file)
    const lines = text.split('\n').length - 1
    if (lines > maximumLines) problems.push(`${file}: ${lines} lines, at most ${maximumLines}`)
    if (vagueNames.test(basename(file))) problems.push(`${file}: name the concern, not the kind`)
    if (file.startsWith('shared/') && runtimeGlobals.test(code(text))) {
      problems.push(`${file}: a runtime's global; take it from Platform`)
    }
    if (file.startsWith('tests/') && skippedTest.test(text)) {
      problems.push(`${file}: a skipped or focused test`)
    }
  }
  return problems
}

/** The text without comments, which may well name Deno; `process` may be imported by name. */
function code(text: string): string {
  const bare = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '')
  return text.includes("from 'node:process'") ? bare.replace(/\bprocess\s*\./g, '') : bare
}

if (import.meta.main) {
  const listing = await run('git', ['ls-files', '--cached', '--others', '--exclude-standard'])
  // Git goes on listing a file that was removed and is not committed yet.
  const files = listing.output
    .split('\n')
    .filter((file) => file !== '' && existsSync(join(REPOSITORY, file)))
  if (listing.code !== 0 || files.length === 0) throw new Error('git lists no file')
  const problems = fileProblems(files, (file) => readFileSync(join(REPOSITORY, file), 'utf8'))
  for (const problem of problems) console.error(problem)
  process.exitCode = problems.length === 0 ? 0 : 1
}
