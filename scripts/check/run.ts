/**
 * `npm run check [name…]`: every check that needs no test run, one line each; the output of a check
 * only where it fails. Exit code 1 where any failed.
 */
import pc from 'picocolors'
import { run } from './command.ts'

interface Step {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
}

const node = (script: string): Omit<Step, 'name'> => ({
  command: 'node',
  args: [`scripts/check/${script}.ts`],
})

const steps: readonly Step[] = [
  { name: 'types for Node', command: 'tsc', args: ['-p', 'tsconfig.json'] },
  { name: 'types for Deno', ...node('deno') },
  { name: 'lint and format', command: 'biome', args: ['ci', '--colors=off'] },
  { name: 'dependency direction', ...node('dependency-direction') },
  { name: 'versions of functions', ...node('function-versions') },
  { name: 'files', ...node('files') },
  { name: 'plan schema', ...node('plan-schema') },
  { name: 'unused code', command: 'knip', args: ['--no-progress'] },
  {
    name: 'links in docs',
    command: 'remark',
    args: ['--frail', '--quiet', '--no-stdout', 'README.md', 'CHANGELOG.md', 'docs', 'examples'],
  },
  { name: 'database', ...node('database') },
]

const wanted = process.argv.slice(2)
const chosen = steps.filter(
  (step) => wanted.length === 0 || wanted.some((word) => step.name.includes(word)),
)
if (chosen.length === 0) throw new Error(`no check is named ${wanted.join(' ')}`)

for (const step of chosen) {
  const began = performance.now()
  const { code, transcript } = await run(step.command, step.args)
  const seconds = `${((performance.now() - began) / 1000).toFixed(1)} s`
  console.log(
    `${code === 0 ? pc.green('ok    ') : pc.red('failed')} ${step.name} ${pc.dim(seconds)}`,
  )
  if (code === 0) continue
  console.log(transcript.trimEnd())
  process.exitCode = 1
}
