/**
 * Isolates of a gateway that was killed. They end by themselves when their control socket closes, except
 * one that computes without ever yielding: so each running isolate has a note with its start mark, and the
 * next gateway of the same project ends what is left.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isAlive, signal, startMark } from '../processes/identity.ts'

export function noteIsolate(directory: string, pid: number): void {
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, String(pid)), startMark(pid) ?? '')
}

export function forgetIsolate(directory: string, pid: number): void {
  rmSync(join(directory, String(pid)), { force: true })
}

/** Kills what an earlier gateway left; a process that merely has the same number is not touched. */
export function endOrphans(directory: string): void {
  mkdirSync(directory, { recursive: true })
  for (const name of readdirSync(directory)) {
    const pid = Number(name)
    const mark = readFileSync(join(directory, name), 'utf8')
    if (isAlive(pid) && mark !== '' && startMark(pid) === mark) signal(pid, 'SIGKILL')
    forgetIsolate(directory, pid)
  }
}
