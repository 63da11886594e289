/** The embedded project as a user runs it: a process in the foreground, with a directory of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ProjectFile } from '../../scripts/local/index.ts'
import { isAlive } from '../../scripts/local/processes/identity.ts'
import { eventually } from './eventually.ts'

/** What a process of the project is: the one in the foreground, a server's first, one of a server's, a function's. */
export type ProcessKind =
  | 'dev'
  | 'target postmaster'
  | 'source postmaster'
  | 'target process'
  | 'source process'
  | 'isolate'

export interface ProjectProcess {
  readonly pid: number
  readonly kind: ProcessKind
  readonly command: string
}

export interface Foreground {
  /** Starts it, or starts it again, and waits until it serves. */
  up(): Promise<ProjectFile>
  /** Every living process of the project; empty while it is down. */
  processes(): readonly ProjectProcess[]
  /** Resolves when the process in the foreground has ended. */
  ended(): Promise<void>
  output(): string
  /** Ctrl-C, then the directory is removed. @returns processes that were left behind */
  close(): Promise<readonly ProjectProcess[]>
}

const script = fileURLToPath(new URL('fixtures/run-project.ts', import.meta.url))

export function openForeground(): Foreground {
  const directory = mkdtempSync(join(tmpdir(), 'ferry-chaos-'))
  let child: ChildProcess | undefined
  let gone: Promise<void> = Promise.resolve()
  let output = ''

  const isUp = () => child !== undefined && child.exitCode === null && child.signalCode === null
  const foreground: Foreground = {
    async up() {
      const started = spawn(process.execPath, [script, directory], {
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      child = started
      gone = new Promise((resolve) => started.once('exit', () => resolve()))
      let mine = ''
      for (const stream of [started.stdout, started.stderr]) {
        stream.on('data', (chunk) => {
          mine += chunk
          output += chunk
        })
      }
      await eventually(
        () => {
          if (!isUp()) throw new Error('it ended')
          return mine.includes('Ctrl-C stops')
        },
        { within: 40_000, what: `the project is up; it printed ${output}` },
      )
      return JSON.parse(readFileSync(join(directory, 'project.json'), 'utf8')) as ProjectFile
    },
    processes: () => (isUp() ? family(child!.pid!, directory) : []),
    ended: () => gone,
    output: () => output,
    async close() {
      // A killed one leaves its servers behind; only the next run knows how to end them.
      if (!isUp()) await foreground.up()
      const family = foreground.processes()
      child!.kill('SIGINT')
      await gone
      rmSync(directory, { recursive: true, force: true })
      return family.filter(({ pid }) => isAlive(pid))
    },
  }
  return foreground
}

/** The process and its descendants, by what their command lines say. */
function family(root: number, directory: string): ProjectProcess[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => read(Number(name)) ?? [])
  const children = (parent: number) => all.filter((each) => each.parent === parent)
  const found: ProjectProcess[] = [{ pid: root, kind: 'dev', command: 'dev' }]
  for (const { pid, command } of children(root)) {
    const server = (['target', 'source'] as const).find((name) =>
      command.includes(join(directory, name, 'data')),
    )
    if (server) {
      found.push({ pid, kind: `${server} postmaster`, command })
      for (const own of children(pid)) found.push({ ...own, kind: `${server} process` })
    } else if (command.includes('process-batch')) found.push({ pid, kind: 'isolate', command })
  }
  return found
}

function read(pid: number): { pid: number; parent: number; command: string } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (fields[0] === 'Z') return undefined
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ').trim()
    return { pid, parent: Number(fields[1]), command }
  } catch {
    return undefined
  }
}
