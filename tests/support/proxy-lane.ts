/** One direction of a proxied connection: keeps order, holds back, stops and goes on. */
import type net from 'node:net'

export interface Lane {
  put(chunk: Buffer): void
  /** Closes the receiving side once everything before it was passed on. */
  end(): void
  freeze(): void
  thaw(): void
}

interface Parcel {
  /** Empty: the sender's end. */
  readonly chunk: Buffer | undefined
  /** Monotonic milliseconds before which it must not leave. */
  readonly due: number
}

/** The sender is paused while more than this many chunks wait. */
const WAITING_LIMIT = 64

/** @param delay milliseconds by which a chunk is held back, asked for each chunk */
export function openLane(from: net.Socket, to: net.Socket, delay: () => number): Lane {
  const waiting: Parcel[] = []
  let frozen = false
  let blocked = false
  let timer: NodeJS.Timeout | undefined

  function put(chunk: Buffer | undefined): void {
    waiting.push({ chunk, due: performance.now() + delay() })
    pump()
  }

  function pump(): void {
    clearTimeout(timer)
    while (!frozen && !blocked) {
      const head = waiting[0]
      if (!head) break
      const wait = head.due - performance.now()
      if (wait > 0) {
        timer = setTimeout(pump, wait)
        break
      }
      waiting.shift()
      pass(head)
    }
    if (frozen || blocked || waiting.length > WAITING_LIMIT) from.pause()
    else from.resume()
  }

  function pass({ chunk }: Parcel): void {
    if (to.destroyed) return
    if (chunk === undefined) {
      to.end()
    } else if (!to.write(chunk)) {
      blocked = true
      to.once('drain', () => {
        blocked = false
        pump()
      })
    }
  }

  return {
    put: (chunk) => (chunk.length > 0 ? put(chunk) : undefined),
    end: () => put(undefined),
    freeze() {
      frozen = true
      pump()
    },
    thaw() {
      frozen = false
      pump()
    },
  }
}
