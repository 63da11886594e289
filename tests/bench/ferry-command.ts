/** A command of `ferry`, as a shell calls it, with what its function processes used. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { type FunctionsUse, watchFunctions } from './processes.ts'

export interface FerryCommand {
  /** The checkout whose `ferry` runs. */
  readonly tree: string
  readonly args: readonly string[]
  /** Addresses of the two databases. */
  readonly source: string
  readonly target: string
}

export interface CommandEnd {
  readonly code: number | null
  /** What it printed for machines. */
  readonly output: string
  /** For an error's message. */
  readonly lastWords: string
  readonly functions: FunctionsUse
}

export async function ferryCommand(command: FerryCommand): Promise<CommandEnd> {
  const { tree, args, source, target } = command
  const child = spawn(process.execPath, [join(tree, 'scripts/ferry.ts'), '--json', ...args], {
    cwd: tree,
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      LEGACY_DATABASE_URL: source,
      TARGET_DATABASE_URL: target,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const watch = watchFunctions(child.pid ?? 0)
  let output = ''
  let errors = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
  return { code, output, lastWords: (errors + output).slice(-800), functions: watch.stop() }
}
