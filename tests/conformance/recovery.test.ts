/** `ferry dev` after kills: what is left behind, what a new start finds, and what Ctrl-C leaves. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { afterAll, describe, expect, it } from 'vitest'
import type { ProjectFile } from '../../scripts/local/index.ts'
import { REPOSITORY } from '../../scripts/local/paths.ts'
import { isAlive, signal } from '../../scripts/local/processes/identity.ts'
import { eventually } from '../support/eventually.ts'

const directory = mkdtempSync(join(tmpdir(), 'ferry-recovery-'))
const running = new Set<ChildProcess>()

afterAll(async () => {
  for (const child of running) child.kill('SIGTERM')
  await eventually(
    () => [...running].every((child) => child.exitCode !== null || child.signalCode),
    {
      within: 20_000,
    },
  )
  rmSync(directory, { recursive: true, force: true })
})

interface Run {
  readonly child: ChildProcess
  readonly output: () => string
  readonly ended: Promise<number | null>
}

function startDev(): Run {
  const script = join(REPOSITORY, 'tests', 'support', 'fixtures', 'run-dev.ts')
  const child = spawn(process.execPath, [script, directory], { stdio: ['ignore', 'pipe', 'pipe'] })
  running.add(child)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk
    })
  }
  const ended = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => {
      running.delete(child)
      resolve(code)
    })
  })
  return { child, output: () => output, ended }
}

async function started(run: Run): Promise<ProjectFile> {
  const what = () => `dev to be up; it printed ${run.output()}`
  await eventually(() => run.output().includes('Ctrl-C stops'), {
    within: 40_000,
    what: 'dev up',
  }).catch(() => {
    throw new Error(what())
  })
  return JSON.parse(readFileSync(join(directory, 'project.json'), 'utf8')) as ProjectFile
}

const postmaster = (name: string) =>
  Number(readFileSync(join(directory, name, 'data', 'postmaster.pid'), 'utf8').split('\n')[0])

async function query(file: ProjectFile, text: string): Promise<readonly object[]> {
  const sql = postgres(file.database_url, { max: 1, prepare: false, onnotice: () => undefined })
  try {
    return await sql.unsafe(text)
  } finally {
    await sql.end({ timeout: 1 })
  }
}

describe('ferry dev', () => {
  it('is the only one in its directory, and keeps data and keys through kills', async () => {
    const first = startDev()
    const before = await started(first)
    await query(before, 'create table public.kept (id int)')

    const second = startDev()
    expect(await second.ended).toBe(1)
    expect(second.output()).toContain('already_running')

    // A PostgreSQL that dies is started again.
    const died = postmaster('target')
    signal(died, 'SIGKILL')
    await eventually(() => postmaster('target') !== died && isAlive(postmaster('target')), {
      within: 20_000,
    })
    await eventually(() => query(before, 'select 1'), { within: 20_000 })

    // Killed itself: the servers stay behind, an isolate does not.
    const isolate = await isolatePid(before)
    first.child.kill('SIGKILL')
    await first.ended
    await eventually(() => !isAlive(isolate), { within: 5000 })
    const orphans = [postmaster('target'), postmaster('source')]
    expect(orphans.every(isAlive)).toBe(true)

    const third = startDev()
    const after = await started(third)
    expect(after).toEqual({ ...before, pid: third.child.pid })
    expect(await query(after, 'select count(*)::int as rows from public.kept')).toEqual([
      { rows: 0 },
    ])

    const servers = [postmaster('target'), postmaster('source')]
    expect(servers).not.toEqual(orphans)
    const last = await isolatePid(after)
    third.child.kill('SIGINT')
    expect(await third.ended).toBe(0)
    expect([...orphans, ...servers, last].filter(isAlive)).toEqual([])
  })
})

/** Calls a function, so that there is an isolate. */
async function isolatePid(file: ProjectFile): Promise<number> {
  const response = await fetch(`${file.url}/functions/v1/probe?do=none`)
  return ((await response.json()) as { pid: number }).pid
}
