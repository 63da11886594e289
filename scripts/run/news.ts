/** Word from the database that something has changed, so that nobody has to ask often. */
import { setTimeout as sleep } from 'node:timers/promises'

export class News {
  #tell: () => void = () => undefined
  #next = this.#wait()

  /** The next word; take it before looking, so that what comes meanwhile is not missed. */
  get next(): Promise<void> {
    return this.#next
  }

  tell(): void {
    const tell = this.#tell
    this.#next = this.#wait()
    tell()
  }

  #wait(): Promise<void> {
    return new Promise((resolve) => {
      this.#tell = resolve
    })
  }
}

/** Until the word comes, at most so many milliseconds, and no longer than nobody aborts. */
export async function until(
  word: Promise<void>,
  milliseconds: number,
  signal: AbortSignal,
): Promise<void> {
  const over = new AbortController()
  const either = AbortSignal.any([signal, over.signal])
  const late = sleep(milliseconds, undefined, { signal: either }).catch(() => undefined)
  await Promise.race([word, late])
  over.abort()
}
