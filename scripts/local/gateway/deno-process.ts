/** Starts the process of an isolate. */
import { type ChildProcess, spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { FunctionLog } from './function-log.ts'
import type { FunctionDefinition } from './functions.ts'
import type { IsolateLimits } from './limits.ts'

const MAIN_MODULE = join(dirname(fileURLToPath(import.meta.url)), 'runtime', 'main.ts')

export interface ProcessOptions {
  readonly deno: string
  readonly definition: FunctionDefinition
  readonly limits: IsolateLimits
  readonly environment: Readonly<Record<string, string>>
  /** Deno's cache of compiled modules. */
  readonly cacheDirectory: string
  /** Short: the path of a socket may have about 100 characters. */
  readonly socketDirectory: string
  readonly log: FunctionLog
}

/** Nothing of this machine's environment goes in: only what the platform and the user set. */
export function spawnDeno(
  options: ProcessOptions,
  socketPath: string,
  controlPath: string,
): ChildProcess {
  const { definition, limits, environment } = options
  // Its import map alone: a deno.json further up, which editors use, knows nothing of this function.
  const imports = definition.configFile ? [`--import-map=${definition.configFile}`] : []
  const args = [
    'run',
    '--quiet',
    '--no-prompt',
    '--no-config',
    ...imports,
    '--node-modules-dir=manual',
    '--no-lock',
    '--cached-only',
    '--allow-net',
    '--allow-env',
    '--allow-sys',
    '--allow-read',
    `--allow-write=${options.socketDirectory}`,
    `--v8-flags=--max-old-space-size=${limits.memoryMegabytes}`,
    MAIN_MODULE,
    pathToFileURL(definition.entrypoint).href,
    socketPath,
    controlPath,
    Object.keys(environment).join(),
  ]
  const child = spawn(options.deno, args, {
    cwd: dirname(definition.entrypoint),
    // A session of its own: Ctrl-C on the terminal reaches the gateway, which then ends its isolates.
    detached: true,
    env: {
      ...environment,
      DENO_DIR: options.cacheDirectory,
      DENO_NO_UPDATE_CHECK: '1',
      HOME: options.cacheDirectory,
      NO_COLOR: '1',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const origin = { function: definition.name, pid: child.pid ?? 0 }
  options.log.follow(child.stdout, { ...origin, stream: 'stdout' })
  options.log.follow(child.stderr, { ...origin, stream: 'stderr' })
  return child
}

/** V8 aborts when its heap limit is reached: a trap or an abort, by signal or as an exit code. */
export function isOutOfMemory(code: number | null, signalName: NodeJS.Signals | null): boolean {
  if (signalName) return ['SIGTRAP', 'SIGABRT', 'SIGILL'].includes(signalName)
  return code !== null && [132, 133, 134].includes(code)
}
