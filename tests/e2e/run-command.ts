/** `ferry run` as a shell calls it: a process of its own, with its function processes below it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { isAlive } from '../support/process.ts'

const FERRY = join(import.meta.dirname, '../../scripts/ferry.ts')

export interface Ended {
  /** Null where a signal ended it. */
  readonly code: number | null
  readonly out: string
  readonly err: string
}

export interface Started {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  /** Process ids of the function processes that live now. */
  functions(): number[]
}

export interface RunArguments {
  readonly source?: string
  readonly target: string
  readonly plan?: object
  readonly options?: readonly string[]
}

/** The addresses travel in the environment, where no list of processes shows them. */
export function startRun({ source, target, plan, options = [] }: RunArguments): Started {
  const args = [FERRY, '--json', 'run', ...(plan ? ['-'] : []), ...options]
  const child = spawn(process.execPath, args, {
    env: {
      PATH: process.env.PATH,
      TARGET_DATABASE_URL: target,
      ...(source ? { LEGACY_DATABASE_URL: source } : {}),
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  child.stdin.on('error', () => undefined)
  child.stdin.end(plan ? JSON.stringify(plan) : '')
  let out = ''
  let err = ''
  child.stdout.on('data', (chunk) => (out += chunk))
  child.stderr.on('data', (chunk) => (err += chunk))
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code) => resolve({ code, out, err }))
  })
  return { child, ended, functions: () => childrenOf(child.pid ?? 0) }
}

export function run(call: RunArguments): Promise<Ended> {
  return startRun(call).ended
}

/** The one object on standard output. */
export function objectOf({ out, err }: Ended): Record<string, unknown> {
  expect(out.trim().split('\n'), err).toHaveLength(1)
  return JSON.parse(out) as Record<string, unknown>
}

/** The code of the refusal and the exit code, as one word. */
export function refusalOf(ended: Ended): string {
  const { error } = objectOf(ended) as { error?: { code?: string } }
  return `${ended.code} ${error?.code}`
}

/** Waits until none of `pids` is there any more. */
export async function expectGone(pids: readonly number[]): Promise<void> {
  expect(pids.length).toBeGreaterThan(0)
  await eventually(() => !pids.some(isAlive), { what: 'no process left', within: 5000 })
}

function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    return text.trim().split(' ').filter(Boolean).map(Number)
  } catch {
    return []
  }
}
