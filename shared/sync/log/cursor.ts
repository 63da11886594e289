/** A place in a message that is read from its beginning: numbers, big-endian, and texts. */

export const outOfBytes = new Error('Out of bytes.')

export type Cursor = ReturnType<typeof cursor>

/** Reads big-endian numbers and texts in turn. @throws `outOfBytes` */
export function cursor(bytes: Uint8Array) {
  let at = 0
  const take = (length: number): number => {
    const from = at
    if (length < 0 || from + length > bytes.length) throw outOfBytes
    at += length
    return from
  }
  const integerAt = (from: number): number =>
    ((bytes[from]! << 24) |
      (bytes[from + 1]! << 16) |
      (bytes[from + 2]! << 8) |
      bytes[from + 3]!) >>>
    0
  return {
    skip: (length: number): void => void take(length),
    byte: (): number => bytes[take(1)]!,
    short(): number {
      const from = take(2)
      return (bytes[from]! << 8) | bytes[from + 1]!
    },
    integer: (): number => integerAt(take(4)),
    wide(): bigint {
      const from = take(8)
      return (BigInt(integerAt(from)) << 32n) | BigInt(integerAt(from + 4))
    },
    /** Ended by a zero byte. Undefined as a text is. */
    name(): string | undefined {
      const end = bytes.indexOf(0, at)
      if (end < 0) throw outOfBytes
      const from = take(end + 1 - at)
      return decode(bytes, from, end)
    },
    /** Undefined where it is not UTF-8, which a database without an encoding may send. */
    text(length: number): string | undefined {
      const from = take(length)
      return decode(bytes, from, from + length)
    },
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Short ASCII, which most keys are, is read by hand: a decoder costs more to call than it saves. */
function decode(bytes: Uint8Array, from: number, end: number): string | undefined {
  let text = ''
  if (end - from <= 24) {
    let at = from
    while (at < end && bytes[at]! < 0x80) text += String.fromCharCode(bytes[at++]!)
    if (at === end) return text
  }
  try {
    return decoder.decode(bytes.subarray(from, end))
  } catch {
    return undefined
  }
}
