/**
 * What may be written to a log about an error that nobody foresaw. Its message is left out: drivers
 * put values of rows and connection strings into theirs.
 */
import { type ErrorContext, FerryError } from '../../../shared/platform/errors.ts'

/** Class, code (SQLSTATE or system code) and the top stack frames of `error`; never its text. */
export function errorFacts(error: unknown): ErrorContext {
  if (error instanceof FerryError) {
    return { ...error.context, code: error.code, kind: error.kind, ...causeFacts(error.cause) }
  }
  if (!(error instanceof Error)) return { error: typeof error }
  return {
    error: identifier(error.name) ?? 'Error',
    error_code: codeOf(error),
    frames: topFrames(error),
    ...causeFacts(error.cause),
  }
}

function causeFacts(cause: unknown): ErrorContext {
  if (!(cause instanceof Error)) return {}
  return { cause: identifier(cause.name) ?? 'Error', cause_code: codeOf(cause) }
}

function codeOf(error: Error): string | null {
  return 'code' in error ? (identifier(error.code) ?? null) : null
}

/** Codes and class names are words; anything else could be text that carries data. */
function identifier(value: unknown): string | undefined {
  return typeof value === 'string' && /^\w{1,64}$/.test(value) ? value : undefined
}

/** The stack begins with the message, which may span lines that look like frames: cut it off first. */
function topFrames(error: Error): string | null {
  const stack = error.stack ?? ''
  const at = stack.indexOf(error.message)
  if (error.message !== '' && at < 0) return null
  const frames = stack
    .slice(at + error.message.length)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.startsWith('at '))
  return frames.slice(0, 4).join(' < ') || null
}
