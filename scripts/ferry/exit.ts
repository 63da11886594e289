/** Exit codes of `ferry`, which scripts rely on; `ferry --help` lists them. */
import { FerryError } from '../../shared/platform/errors.ts'
import type { Outcome } from './report.ts'

export const EXIT = {
  /** Completed, or the command did what was asked. */
  done: 0,
  /** The migration failed, was cancelled, or is parked. */
  unsuccessful: 1,
  /** Wrong usage, or input that the project refused. */
  refused: 2,
  /** The project cannot be reached, does not work, or does not accept the key. */
  unavailable: 3,
  /** Ctrl-C while watching, as shells count it. */
  interrupted: 130,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

export function exitCodeOf(outcome: Outcome): ExitCode {
  return outcome === 'completed' || outcome === 'going' ? EXIT.done : EXIT.unsuccessful
}

/** The exit code for an error that ended a command. */
export function exitCodeFor(error: unknown): ExitCode {
  if (!(error instanceof FerryError)) return EXIT.unavailable
  const unavailable = error.status === 401 || error.status === 403 || error.status >= 500
  return unavailable ? EXIT.unavailable : EXIT.refused
}
