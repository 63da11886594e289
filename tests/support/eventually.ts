/** Waiting for something that happens in its own time, with a deadline and the last reason. */
import { setTimeout as sleep } from 'node:timers/promises'

export interface EventuallyOptions {
  /** What is waited for, in words: it begins the error. */
  readonly what?: string
  /** Milliseconds until it is given up. */
  readonly within?: number
  /** Milliseconds between two looks. */
  readonly every?: number
}

/**
 * Repeats a check until it neither throws nor returns false, and returns what it returned.
 * @throws Error after the deadline, with the last error of the check as its cause
 */
export async function eventually<T>(
  check: () => T | Promise<T>,
  options: EventuallyOptions = {},
): Promise<Exclude<T, false>> {
  const { what = 'the expected state', within = 10_000, every = 50 } = options
  const deadline = performance.now() + within
  let last: unknown = new Error('the check never held')
  for (;;) {
    try {
      const value = await check()
      if (value !== false) return value as Exclude<T, false>
    } catch (error) {
      last = error
    }
    if (performance.now() > deadline) break
    await sleep(every)
  }
  const reason = last instanceof Error ? last.message : String(last)
  throw new Error(`${what}: not within ${within} ms; last: ${reason}`, { cause: last })
}
