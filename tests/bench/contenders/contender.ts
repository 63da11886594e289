/** What every contender gets and gives. */
import { spawn } from 'node:child_process'
import type { FunctionTimes } from '../control-functions.ts'
import type { Dataset } from '../dataset.ts'
import { type BenchServers, CLIENT_ENVIRONMENT, clientPrograms } from '../servers.ts'

export interface Contest {
  readonly servers: BenchServers
  readonly dataset: Dataset
  /** Database of the source server that holds the dataset. */
  readonly source: string
  /** Database of the target server, made anew. */
  readonly target: string
  /** Row streams at a time. */
  readonly lanes: number
  /** Whether somebody asked for so many; else it is what `ferry run` takes by itself. */
  readonly areLanesAsked: boolean
  /** Indexes at a time. */
  readonly jobs: number
  /** For files that a contender leaves; emptied before each. */
  readonly scratch: string
}

export interface Finish {
  /** Milliseconds, where the contender tells them. */
  readonly phases_ms?: Readonly<Record<string, number>>
  /** Numbers of its own. */
  readonly measured?: Readonly<Record<string, number>>
  /** Of the control plane's functions, where the target counts them. */
  readonly functions?: FunctionTimes
}

export interface Contender {
  readonly name: string
  /** clone: schema, rows, indexes and foreign keys. copy: rows into tables that are there. */
  readonly league: 'clone' | 'copy'
  /** Why it cannot run here. */
  absent(servers: BenchServers): string | undefined
  /** Not timed: what has to be there first. */
  prepare?(contest: Contest): Promise<void>
  run(contest: Contest): Promise<Finish>
}

export function url(contest: Contest, side: 'source' | 'target'): string {
  return contest.servers[side].url(contest[side])
}

/** A line of shell with the release's client programs first in its path. @throws with its last words */
export function shell(contest: Contest, command: string): Promise<string> {
  const programs = clientPrograms(contest.servers.release)
  const path = programs ? `${programs}:${process.env.PATH}` : process.env.PATH
  return new Promise((resolve, reject) => {
    const child = spawn('bash', ['-o', 'pipefail', '-c', command], {
      cwd: contest.scratch,
      env: { ...process.env, ...CLIENT_ENVIRONMENT, PATH: path },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        output = (output + chunk.toString()).slice(-20_000)
      })
    }
    child.on('error', reject)
    child.on('close', (code) => {
      if (code === 0) resolve(output)
      else reject(new Error(`${command.split(' ')[0]} ended with ${code}: ${output.slice(-800)}`))
    })
  })
}
