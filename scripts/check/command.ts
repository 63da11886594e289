/** Runs the tools that the checks and the rehearsal are made of. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { packageDirectory, REPOSITORY } from '../local/paths.ts'

export interface CommandResult {
  /** Exit code; 1 where a signal ended the process. */
  readonly code: number
  /** Standard output only. */
  readonly output: string
  /** Standard output and error, in the order of arrival. */
  readonly transcript: string
}

export interface CommandOptions {
  /** Added to the environment of this process. */
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** Standard input; empty where absent. */
  readonly input?: string
}

/**
 * Runs a command without a terminal and waits for its end. A name without a slash is looked for
 * in node_modules/.bin first. An exit code other than 0 is an answer, not an error.
 */
export function run(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const path = `${join(REPOSITORY, 'node_modules/.bin')}:${process.env.PATH ?? ''}`
  const child = spawn(command, args, {
    cwd: options.cwd ?? REPOSITORY,
    stdio: 'pipe',
    env: {
      ...process.env,
      PATH: path,
      SUPABASE_TELEMETRY_DISABLED: '1',
      SUPABASE_NO_UPDATE_NOTIFIER: '1',
      DO_NOT_TRACK: '1',
      DENO_NO_UPDATE_CHECK: '1',
      NO_COLOR: '1',
      ...options.env,
    },
  })
  // A tool that does not read its input may be gone before it is written.
  child.stdin.on('error', () => {}).end(options.input ?? '')
  let output = ''
  let transcript = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
    transcript += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    transcript += text
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ code: code ?? 1, output, transcript }))
  })
}

/**
 * The Deno programs that the functions must run on: the current one and the hosted platform's.
 * These are the real binaries: a process started through the shim in .bin outlives a kill.
 */
export const denoBinaries = [
  { name: 'current', path: join(packageDirectory('deno'), 'deno') },
  { name: 'floor', path: join(packageDirectory('deno-floor'), 'deno') },
] as const

/** Makes every attempt of Deno to reach a registry fail at once. */
export const offline = { NPM_CONFIG_REGISTRY: 'http://127.0.0.1:9' } as const
