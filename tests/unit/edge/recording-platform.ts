import type { ErrorContext } from '../../../shared/platform/errors.ts'
import type { LogLevel, Platform } from '../../../shared/platform/platform.ts'

export interface LogEntry {
  readonly level: LogLevel
  readonly stage: string
  readonly fields: ErrorContext
}

/** A platform of its own environment that keeps what was logged. */
export function recordingPlatform(
  environment: Readonly<Record<string, string>> = {},
): Platform & { readonly entries: readonly LogEntry[] } {
  const entries: LogEntry[] = []
  return {
    entries,
    env: (name) => environment[name] || undefined,
    now: () => performance.now(),
    cpu: () => undefined,
    log: (level, stage, fields) => void entries.push({ level, stage, fields }),
    waitUntil: (work) => void work.catch(() => undefined),
    onUnload: () => () => undefined,
    failpoint: async () => undefined,
  }
}
