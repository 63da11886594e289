/** What functions print: a file, the last lines in memory, and whoever listens. */
import { createWriteStream, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Readable } from 'node:stream'

export interface FunctionLine {
  readonly function: string
  readonly pid: number
  readonly stream: 'stdout' | 'stderr'
  readonly text: string
}

export interface FunctionLog {
  /** Follows one stream of one isolate until it ends. */
  follow(source: Readable, origin: Omit<FunctionLine, 'text'>): void
  /** The last lines of all functions, oldest first. */
  lines(): readonly FunctionLine[]
  close(): Promise<void>
}

const KEPT_LINES = 2000
/** The platform cuts a message here. */
const MAX_CHARACTERS = 10_000

export function openFunctionLog(
  file: string,
  listener: (line: FunctionLine) => void = () => {},
): FunctionLog {
  mkdirSync(dirname(file), { recursive: true })
  const output = createWriteStream(file, { flags: 'a' })
  // A log that cannot be written (its folder was removed) must not end the gateway.
  output.on('error', () => {})
  const kept: FunctionLine[] = []
  const add = (line: FunctionLine) => {
    kept.push(line)
    if (kept.length > KEPT_LINES) kept.shift()
    output.write(`${new Date().toISOString()} ${line.function} [${line.pid}] ${line.text}\n`)
    listener(line)
  }
  return {
    follow: (source, origin) => {
      let rest = ''
      source.setEncoding('utf8')
      source.on('data', (chunk: string) => {
        const parts = (rest + chunk).split('\n')
        rest = parts.pop() ?? ''
        for (const text of parts) add({ ...origin, text: text.slice(0, MAX_CHARACTERS) })
      })
      source.on('end', () => {
        if (rest) add({ ...origin, text: rest.slice(0, MAX_CHARACTERS) })
      })
    },
    lines: () => kept,
    close: () => new Promise((resolve) => output.end(() => resolve())),
  }
}
