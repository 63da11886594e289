/**
 * `npm run mutants`: takes every guard out, one at a time, in a copy of the project, and runs the
 * guards' tests there. Exactly the tests that name the guard must turn red.
 * Arguments: parts of guard names to run only those.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Mutant, mutants } from '../tests/guards/mutants.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

interface Report {
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[]
  }[]
}

function copyProject(): string {
  const copy = mkdtempSync(join(tmpdir(), 'ferry-mutant-'))
  const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { cwd: root })
  for (const file of files
    .toString()
    .trim()
    .split('\n')
    .filter((file) => existsSync(join(root, file))))
    cpSync(join(root, file), join(copy, file))
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  return copy
}

/** Names of the failed tests, and how many ran. */
function runGuards(project: string): { failed: string[]; ran: number } {
  const report = join(project, 'report.json')
  const run = spawnSync(
    join(root, 'node_modules/.bin/vitest'),
    ['run', 'tests/guards', '--reporter=json', `--outputFile=${report}`],
    { cwd: project, encoding: 'utf8' },
  )
  try {
    const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as Report
    const results = testResults.flatMap((file) => file.assertionResults)
    return {
      failed: results.filter((test) => test.status === 'failed').map((test) => test.fullName),
      ran: results.length,
    }
  } catch {
    throw new Error(`The tests did not run.\n${run.stdout}\n${run.stderr}`)
  }
}

function tryMutant(project: string, mutant: Mutant): string | undefined {
  const path = join(project, mutant.file)
  const original = readFileSync(path, 'utf8')
  if (!original.includes(mutant.find)) return `the guard is not in ${mutant.file} any more`
  writeFileSync(
    path,
    original.replace(mutant.find, () => mutant.replace),
  )
  try {
    const { failed, ran } = runGuards(project)
    if (ran === 0) return 'no test ran'
    if (failed.toSorted().join() === mutant.tests.toSorted().join()) return undefined
    return failed.length === 0 ? 'survived' : `turned red: ${failed.join('; ')}`
  } finally {
    writeFileSync(path, original)
  }
}

const wanted = process.argv.slice(2)
const chosen = mutants.filter(
  ({ guard }) => wanted.length === 0 || wanted.some((part) => guard.includes(part)),
)
const project = copyProject()
let wrong = 0
try {
  const untouched = runGuards(project)
  if (untouched.failed.length > 0) throw new Error(`Red untouched: ${untouched.failed.join('; ')}`)
  for (const mutant of chosen) {
    const problem = tryMutant(project, mutant)
    if (problem !== undefined) wrong += 1
    console.log(
      `${problem === undefined ? 'caught ' : 'WRONG  '} ${mutant.guard}${problem === undefined ? '' : `: ${problem}`}`,
    )
  }
} finally {
  rmSync(project, { recursive: true, force: true })
}
console.log(`${chosen.length - wrong} of ${chosen.length} guards are held by their tests alone.`)
process.exitCode = wrong === 0 ? 0 : 1
