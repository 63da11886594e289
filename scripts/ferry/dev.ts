/** `ferry dev`: the embedded project in the foreground. */
import { runDev } from '../local/dev.ts'
import type { Console } from './console.ts'
import { EXIT, type ExitCode } from './exit.ts'

/** Prints its lines for people; under `--json` they go to standard error. Ends with Ctrl-C. */
export async function dev(console: Console): Promise<ExitCode> {
  await runDev({ print: console.json ? console.remark : console.say })
  return EXIT.done
}
