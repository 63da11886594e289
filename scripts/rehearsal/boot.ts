/** Boots an uploaded function from nothing but the uploaded files and the installed packages. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join, resolve, sep } from 'node:path'
import { offline } from '../check/command.ts'
import { REPOSITORY } from '../local/paths.ts'
import { freePort } from '../local/processes/free-port.ts'

/** Milliseconds until a function must answer. */
const bootTimeout = 20_000

/**
 * Writes uploaded files below an empty directory and links this project's packages beside the
 * import map, where every release of Deno looks for them.
 */
export async function layOut(
  files: ReadonlyMap<string, Uint8Array>,
  importMap: string,
  directory: string,
): Promise<void> {
  for (const [name, content] of files) {
    const path = resolve(directory, name)
    if (!path.startsWith(directory + sep)) throw new Error(`uploaded outside the project: ${name}`)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, content)
  }
  const packages = join(dirname(join(directory, importMap)), 'node_modules')
  await symlink(join(REPOSITORY, 'node_modules'), packages)
}

export interface BootOptions {
  /** The Deno binary. */
  readonly deno: string
  /** Where `layOut` wrote the files. */
  readonly directory: string
  /** Relative to the directory, from the deployment's metadata. */
  readonly entrypoint: string
  readonly importMap: string
  /** The whole environment of the function. */
  readonly env: Readonly<Record<string, string>>
}

export interface BootedFunction {
  readonly url: string
  /** What the function wrote so far. */
  transcript(): string
  stop(): Promise<void>
}

/** @throws Error with what the function wrote, where it does not answer in time */
export async function bootFunction(options: BootOptions): Promise<BootedFunction> {
  const port = await freePort()
  const child = spawn(
    options.deno,
    [
      'serve',
      '--no-lock',
      '--node-modules-dir=manual',
      `--config=${join(options.directory, options.importMap)}`,
      '--allow-net',
      '--allow-env',
      '--allow-read',
      '--host=127.0.0.1',
      `--port=${port}`,
      join(options.directory, options.entrypoint),
    ],
    {
      cwd: options.directory,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...offline, ...options.env, DENO_NO_UPDATE_CHECK: '1', NO_COLOR: '1' },
    },
  )
  let written = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      written += text
    })
  }
  const ended = once(child, 'exit')
  const stop = async () => {
    if (child.exitCode === null) child.kill('SIGKILL')
    await ended
  }
  const url = `http://127.0.0.1:${port}`
  const deadline = performance.now() + bootTimeout
  while (!(await answers(url))) {
    if (child.exitCode === null && performance.now() < deadline) continue
    await stop()
    throw new Error(`the function did not come up:\n${written}`)
  }
  return { url, transcript: () => written, stop }
}

async function answers(url: string): Promise<boolean> {
  try {
    await (await fetch(url, { signal: AbortSignal.timeout(2_000) })).arrayBuffer()
    return true
  } catch {
    await new Promise((resolve) => setTimeout(resolve, 50))
    return false
  }
}
