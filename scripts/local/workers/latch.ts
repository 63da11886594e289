/** A wake-up that stays set until somebody waits for it, like a latch of PostgreSQL. */
export interface Latch {
  set(): void
  /** Resolves when the latch is set, or after `milliseconds`; clears it. */
  wait(milliseconds?: number): Promise<void>
}

export function createLatch(): Latch {
  let isSet = false
  let release: (() => void) | undefined
  return {
    set: () => {
      isSet = true
      release?.()
    },
    wait: (milliseconds) =>
      new Promise((resolve) => {
        let timer: NodeJS.Timeout | undefined
        const finish = () => {
          clearTimeout(timer)
          release = undefined
          isSet = false
          resolve()
        }
        if (isSet) return finish()
        release = finish
        if (milliseconds !== undefined) timer = setTimeout(finish, milliseconds)
      }),
  }
}
