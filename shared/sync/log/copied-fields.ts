/**
 * The receiving end of COPY … TO STDOUT (FORMAT binary) of one column: hands on field after field, as a
 * view of the bytes that arrived wherever one lies whole in a chunk. So what a statement sends is never
 * held, however much it is; of a field that is longer than `longest`, the beginning alone is.
 *
 * https://www.postgresql.org/docs/17/sql-copy.html, "Binary Format"
 */
import { FerryError } from '../../platform/errors.ts'
import type { CopySink } from '../../wire/copy-sink.ts'
import { headerBytes, join, lengthAt } from '../../wire/frames.ts'

export interface FieldSink {
  readonly sink: CopySink
  /** Call it when all was sent. @throws what `take` has thrown; FerryError `log_stream_malformed` */
  end(): void
}

/** Signature, flags, length of an extension that no server sends. */
const preludeBytes = 11 + 4 + 4
const countBytes = 2
const lengthBytes = 4
/** The server knows no longer one; a null has the length -1. */
const longestField = 0x3fff_ffff
const nothing = new Uint8Array()

/** @param take gets a view that is good until it returns, and whether it is the whole field */
export function openFieldSink(
  longest: number,
  take: (field: Uint8Array, whole: boolean) => void,
): FieldSink {
  const rows = rowReader(longest, take)
  const frames = frameReader(rows.read)
  let failure: { readonly error: unknown } | undefined
  return {
    sink: {
      write(chunk) {
        // Thrown here, it would end the process: what calls is the socket.
        try {
          if (failure === undefined) frames(chunk)
        } catch (error) {
          failure = { error }
        }
        return true
      },
      drained: () => Promise.resolve(),
    },
    end() {
      if (failure !== undefined) throw failure.error
      if (!rows.ended()) throw malformed()
    },
  }
}

/** Takes the payload out of CopyData frames that may be cut anywhere. */
function frameReader(payload: (bytes: Uint8Array) => void): (chunk: Uint8Array) => void {
  let pending: Uint8Array = nothing
  let left = 0
  return (arrived) => {
    const chunk = join(pending, arrived)
    pending = nothing
    let at = 0
    while (at < chunk.length) {
      if (left > 0) {
        const step = Math.min(left, chunk.length - at)
        payload(chunk.subarray(at, at + step))
        at += step
        left -= step
      } else if (chunk.length - at < headerBytes) {
        pending = chunk.slice(at)
        return
      } else {
        left = lengthAt(chunk, at) - 4
        at += headerBytes
      }
    }
  }
}

/** Reads the prelude, then rows of one field; a number or field that is cut waits for its rest. */
function rowReader(longest: number, take: (field: Uint8Array, whole: boolean) => void) {
  let part: 'prelude' | 'count' | 'length' | 'field' | 'end' = 'prelude'
  let number: Uint8Array = nothing
  const field = openField(longest, take)
  /** Reads a number that is whole, or what is there of it. @returns where the next one begins */
  const numbers = (bytes: Uint8Array, at: number): number => {
    const size = part === 'prelude' ? preludeBytes : part === 'count' ? countBytes : lengthBytes
    const step = Math.min(size - number.length, bytes.length - at)
    if (number.length + step < size) {
      number = join(number, bytes.slice(at, at + step))
      return at + step
    }
    const cut = number.length > 0
    advance(cut ? join(number, bytes.subarray(at, at + step)) : bytes, cut ? 0 : at)
    number = nothing
    return at + step
  }
  const advance = (bytes: Uint8Array, at: number): void => {
    if (part === 'prelude') {
      if (integerAt(bytes, at + preludeBytes - 4) !== 0) throw malformed()
      part = 'count'
    } else if (part === 'count') {
      const fields = (bytes[at]! << 8) | bytes[at + 1]!
      if (fields !== 1 && fields !== 0xffff) throw malformed()
      part = fields === 1 ? 'length' : 'end'
    } else {
      const length = integerAt(bytes, at)
      if (length > longestField) throw malformed()
      field.begin(length)
      part = 'field'
    }
  }
  return {
    ended: () => part === 'end',
    read(bytes: Uint8Array): void {
      let at = 0
      // a field of no bytes is over before any is left
      while (at < bytes.length || (part === 'field' && field.left() === 0)) {
        if (part === 'end') throw malformed()
        if (part === 'field') {
          at = field.read(bytes, at)
          if (field.left() === 0) part = 'count'
        } else at = numbers(bytes, at)
      }
    },
  }
}

/** One field at a time: a view of where it lies, or what was gathered of it. */
function openField(longest: number, take: (field: Uint8Array, whole: boolean) => void) {
  let parts: Uint8Array[] = []
  let held = 0
  let length = 0
  let left = 0
  return {
    begin(size: number): void {
      parts = []
      held = 0
      length = size
      left = size
    },
    left: () => left,
    /** @returns where the bytes behind it begin */
    read(bytes: Uint8Array, at: number): number {
      const step = Math.min(left, bytes.length - at)
      const run = bytes.subarray(at, at + Math.min(step, longest - held))
      left -= step
      if (left === 0) {
        const whole = parts.length === 0 ? run : concat([...parts, run])
        take(whole, whole.length === length)
      } else if (run.length > 0) {
        parts.push(run.slice())
        held += run.length
      }
      return at + step
    },
  }
}

function integerAt(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
  )
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

function malformed(): FerryError {
  return new FerryError({
    code: 'log_stream_malformed',
    message: 'What the source sent of its log is not a binary COPY of one column.',
    hint: 'Nothing: it is read again. Report it if it comes back.',
    context: { retry: 'retry' },
  })
}
