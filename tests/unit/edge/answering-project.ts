/** The command line in a directory of its own, against a project that answers what a test says. */
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'

const FERRY = join(import.meta.dirname, '../../../scripts/ferry.ts')

/** Call it at the top level of a test file; it cleans up after the file's last test. */
export async function answeringProject() {
  const project: { answer: { status: number; body: unknown } } = {
    answer: { status: 500, body: {} },
  }
  const server = createServer((request, response) => {
    request.resume()
    response.writeHead(project.answer.status).end(JSON.stringify(project.answer.body))
  })
  const directory = await mkdtemp(join(tmpdir(), 'ferry-command-line-'))
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  afterAll(async () => {
    server.close()
    await rm(directory, { recursive: true })
  })

  /** Runs `ferry` as a shell would. */
  async function ferry(args: readonly string[], environment: Record<string, string> = {}) {
    const child = spawn(process.execPath, [FERRY, ...args], {
      cwd: directory,
      env: { PATH: process.env.PATH, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let out = ''
    let err = ''
    child.stdout.on('data', (chunk) => (out += chunk))
    child.stderr.on('data', (chunk) => (err += chunk))
    const code = await new Promise<number | null>((ended) => child.on('close', ended))
    return { code, out, err }
  }

  return {
    project,
    directory,
    ferry,
    here: () => ({ SUPABASE_URL: url, SUPABASE_SECRET_KEY: 'sb_secret_x' }),
  }
}
