/** Where the rows of a COPY go: a stream of whole or cut CopyData messages, framed as the protocol has it. */
import type { Buffer } from 'node:buffer'

export interface CopySink {
  /** Takes a run of framed CopyData bytes; false asks to wait for `drained`. Frames may be cut anywhere. */
  write(frames: Buffer): boolean
  drained(): Promise<void>
}

export interface Moved {
  /** CopyData messages: in COPY text format the server sends one a row. */
  readonly rows: number
  /** Payload bytes, frames not counted. */
  readonly bytes: number
}
