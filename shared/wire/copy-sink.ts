/** Where the rows of a COPY go: a stream of whole or cut CopyData messages, framed as the protocol has it. */
export interface CopySink {
  /** Takes a run of framed CopyData bytes; false asks to wait for `drained`. Frames may be cut anywhere. */
  write(frames: Uint8Array): boolean
  drained(): Promise<void>
}

export interface Moved {
  /** CopyData messages: in COPY text format the server sends one a row. */
  readonly rows: number
  /** Payload bytes, frames not counted. */
  readonly bytes: number
  /** Milliseconds in which the sink would not take more. */
  readonly waited_ms: number
}
