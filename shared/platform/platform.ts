/**
 * Everything that the engine needs from the machine it runs on. Deno (hosted or local) and Node
 * (tests, command line) each hand in one of these; nothing else in `shared/` touches a runtime global
 * for environment, lifetime, time or output.
 */
import type { ErrorContext } from './errors.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

export interface Platform {
  /** A function secret or environment variable; undefined where it is not set or empty. */
  env(name: string): string | undefined
  /** Monotonic milliseconds: for durations only. Leases and stored times use the database's clock. */
  now(): number
  /** Milliseconds of CPU used by this isolate so far, or undefined where it cannot be measured. */
  cpu(): number | undefined
  /** One JSON line: ids, attempt, counts, durations. Never a value of a row. */
  log(level: LogLevel, stage: string, fields: ErrorContext): void
  /** Keeps background work alive after the answer was sent. */
  waitUntil(work: Promise<unknown>): void
  /** Registers what to do when the isolate is about to be retired; returns the way to unregister. */
  onUnload(listener: (reason: string) => void): () => void
  /**
   * A named point at which tests interrupt (see `failpoint.ts`). Resolves at once in production.
   * @throws FerryError `failpoint` where a test asked for a failure here
   */
  failpoint(name: string): Promise<void>
}
