/**
 * Just enough of PostgreSQL's wire protocol for the fault proxy: cuts a byte stream into messages,
 * wherever the chunks happen to end, without buffering bulk data.
 */

export interface WireMessage {
  /** The message's type byte as a character; `startup` for the untyped first packets of a client. */
  readonly type: string
  /** The first bytes of the body, at most `BODY_LIMIT`; empty for COPY and row data. */
  readonly body: Buffer
  /** Bytes of the whole message on the wire. */
  readonly length: number
  /** Offset in the fed chunk just behind the message's last byte. */
  readonly end: number
}

/** No statement or answer that the proxy has to recognise is longer. */
const BODY_LIMIT = 4096
const BULK = new Set(['d', 'D'])

export interface MessageReader {
  /** The messages that end inside this chunk, in order. */
  feed(chunk: Buffer): WireMessage[]
}

/** @param untyped true while packets come without a type byte (a client before its start-up message) */
export function messageReader(untyped: () => boolean): MessageReader {
  let header = Buffer.alloc(0)
  let body: Buffer[] = []
  let kept = 0
  let left = -1
  let type = ''
  let length = 0

  function open(): void {
    const bare = untyped()
    type = bare ? 'startup' : String.fromCharCode(header[0]!)
    length = header.readUInt32BE(bare ? 0 : 1) + (bare ? 0 : 1)
    left = length - header.length
    body = []
    kept = 0
  }

  function keep(part: Buffer): void {
    const wanted = BULK.has(type) ? 0 : Math.min(part.length, BODY_LIMIT - kept)
    if (wanted <= 0) return
    body.push(Buffer.from(part.subarray(0, wanted)))
    kept += wanted
  }

  return {
    feed(chunk) {
      const messages: WireMessage[] = []
      let at = 0
      while (at < chunk.length) {
        if (left < 0) {
          const size = untyped() ? 4 : 5
          const part = chunk.subarray(at, at + size - header.length)
          header = Buffer.concat([header, part])
          at += part.length
          if (header.length < size) break
          open()
        }
        const part = chunk.subarray(at, at + left)
        keep(part)
        at += part.length
        left -= part.length
        if (left > 0) break
        messages.push({ type, body: Buffer.concat(body), length, end: at })
        header = Buffer.alloc(0)
        left = -1
      }
      return messages
    },
  }
}

/** A zero-terminated string of a message body and what follows it. */
export function cString(body: Buffer, from = 0): { text: string; next: number } {
  const end = body.indexOf(0, from)
  const stop = end < 0 ? body.length : end
  return { text: body.toString('utf8', from, stop), next: stop + 1 }
}

const PROTOCOL_3 = 196_608

/** The parameters of a start-up packet, or undefined for an SSL, GSS or cancel request. */
export function startupParameters(body: Buffer): Record<string, string> | undefined {
  if (body.length < 4 || body.readUInt32BE(0) >>> 16 !== PROTOCOL_3 >>> 16) return undefined
  const parameters: Record<string, string> = {}
  let at = 4
  while (at < body.length && body[at] !== 0) {
    const name = cString(body, at)
    const value = cString(body, name.next)
    parameters[name.text] = value.text
    at = value.next
  }
  return parameters
}

/** A statement's text as the proxy compares it: trimmed, lower case, without a closing semicolon. */
export function normalised(statement: string): string {
  return statement.trim().replace(/;\s*$/, '').trim().toLowerCase()
}
