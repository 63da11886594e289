/** What a command knows about where it runs; handed in, so that commands can be tested. */
import pc from 'picocolors'
import { FerryError } from '../../shared/platform/errors.ts'
import { type Display, displayKind, openDisplay, type Streams } from './display/display.ts'
import { printable } from './display/format.ts'
import type { Screen } from './display/frame.ts'
import { problemsOf } from './refusal.ts'

export interface Console {
  /** One JSON object instead of words, where the user asked for it. */
  readonly json: boolean
  /** A result for people; nothing under `--json`. */
  say(line: string): void
  /** The result for machines; nothing without `--json`. */
  result(value: unknown): void
  /** A remark on standard error. */
  remark(line: string): void
  fail(error: unknown): void
  /** Room for one picture that is printed once and may scroll. */
  readonly page: Screen
  display(): Display
}

/** Wide enough for every part of a picture where there is no terminal to ask. */
const PIPED_COLUMNS = 132

export function openConsole(
  streams: Streams,
  environment: Readonly<Record<string, string | undefined>>,
  json: boolean,
): Console {
  const { stdout, stderr } = streams
  const kind = displayKind(json, stdout, environment)
  return {
    json,
    say: (line) => void (json || stdout.write(`${line}\n`)),
    result: (value) => void (json && stdout.write(`${JSON.stringify(value)}\n`)),
    remark: (line) => void stderr.write(`${line}\n`),
    fail(error) {
      const lines = errorLines(error, wantsColor(stderr, environment))
      if (json) stdout.write(`${JSON.stringify(errorObject(error))}\n`)
      else stderr.write(`${lines.join('\n')}\n`)
    },
    page: {
      columns: stdout.isTTY ? stdout.columns : PIPED_COLUMNS,
      rows: Number.MAX_SAFE_INTEGER,
      color: wantsColor(stdout, environment),
    },
    display: () => openDisplay(kind, streams, wantsColor(stdout, environment)),
  }
}

/** https://no-color.org: any value that is not empty turns colour off. */
function wantsColor(
  stream: { readonly isTTY?: boolean },
  environment: Readonly<Record<string, string | undefined>>,
): boolean {
  return !environment.NO_COLOR && environment.TERM !== 'dumb' && stream.isTTY === true
}

function errorLines(error: unknown, color: boolean): string[] {
  const { red, dim } = pc.createColors(color)
  if (!(error instanceof FerryError)) return [red(`error internal: ${describe(error)}`)]
  const problems = problemsOf(error)
  const lines = problems.flatMap(({ code, message, hint, path }) => [
    `${red(`error ${printable(code)}`)}${path ? ` at ${printable(path)}` : ''}: ${printable(message)}`,
    dim(`  ${printable(hint)}`),
  ])
  const { reference } = error.context
  return reference === undefined ? lines : [...lines, dim(`  reference ${reference}`)]
}

function errorObject(error: unknown): unknown {
  if (!(error instanceof FerryError)) {
    return { error: { code: 'internal', message: describe(error), hint: '' } }
  }
  const { code, message, hint, path, context } = error
  const problems = problemsOf(error)
  return {
    error: { code, message, hint, ...(path === undefined ? {} : { path }), context },
    ...(problems.length > 1 ? { problems } : {}),
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
