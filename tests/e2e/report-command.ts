/** `ferry` with any arguments, as a shell calls it in a given folder. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import type { Ended } from './run-command.ts'

const FERRY = join(import.meta.dirname, '../../scripts/ferry.ts')

export function ferry(args: readonly string[], cwd: string): Promise<Ended> {
  const child = spawn(process.execPath, [FERRY, ...args], {
    cwd,
    env: { PATH: process.env.PATH },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let out = ''
  let err = ''
  child.stdout.on('data', (chunk) => (out += chunk))
  child.stderr.on('data', (chunk) => (err += chunk))
  return new Promise((resolve) => {
    child.on('close', (code) => resolve({ code, out, err }))
  })
}
