/** Runs the command line and turns what happens into an exit code. */
import { CommanderError } from 'commander'
import { EXIT, exitCodeFor } from './exit.ts'
import { consoleFor, createProgram } from './program.ts'

const program = createProgram((code) => {
  process.exitCode = code
})

// A reader that has seen enough (`ferry status | head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? (process.exitCode ?? EXIT.done) : EXIT.unavailable)
})

try {
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.refused
  } else {
    consoleFor(program).fail(error)
    process.exitCode = exitCodeFor(error)
  }
}
