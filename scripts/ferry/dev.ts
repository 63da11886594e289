/** `ferry dev`: the embedded project in the foreground. */
import { runDev } from '../local/dev.ts'
import type { Console } from './console.ts'
import { EXIT, type ExitCode } from './exit.ts'

export async function dev(_console: Console): Promise<ExitCode> {
  await runDev()
  return EXIT.done
}
