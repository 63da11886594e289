/**
 * A tap on the connection between the driver and the server. Outside of COPY every byte goes to the
 * driver untouched. During COPY TO STDOUT the CopyData messages are led straight into another
 * connection's COPY FROM STDIN: both directions frame them alike, so a row is neither parsed nor copied
 * nor held, however long it is, and a call's memory does not depend on its rows. During COPY FROM
 * STDIN the tap listens for the server's verdict, which the driver drops when it comes after the
 * last byte was sent.
 *
 * Protocol: https://www.postgresql.org/docs/17/protocol-flow.html#PROTOCOL-COPY
 */
import { Buffer } from 'node:buffer'
import type { Socket } from 'node:net'
import type { CopySink, Moved } from './copy-sink.ts'
import { headerBytes, join, lengthAt, message, readServerError } from './frames.ts'

export interface Tap {
  /** Leads the rows of the next COPY TO STDOUT into `sink`; resolves when the last one is handed over. */
  divert(sink: CopySink): Promise<Moved>
  /** What the server says of the next COPY FROM STDIN: resolves at its end, rejects with codes and names. */
  verdict(): Promise<void>
  /** The server's side of a COPY FROM STDIN. */
  readonly sink: CopySink
}

const nothing = new Uint8Array()

type Deliver = (chunk: Uint8Array) => void

/** Puts the tap on a socket that is then handed to the driver. */
export function tapSocket(socket: Socket): Tap {
  let deliver: Deliver = () => undefined
  let take: Deliver = (chunk) => deliver(chunk)
  // the driver reads numbers with methods that only a Buffer has
  const give: Deliver = (chunk) => deliver(asBuffer(chunk))
  const losses = new Set<(error: Error) => void>()
  const on = socket.on.bind(socket)
  const intercept: Deliver = (chunk) => take(chunk)
  on('close', () => {
    for (const lose of losses) lose(lost())
  })
  // The driver subscribes to 'data' once; all but that passes as it is.
  socket.on = ((event: string, listener: (...args: never[]) => void) => {
    if (event !== 'data') return on(event, listener as () => void)
    deliver = listener as unknown as Deliver
    return on('data', intercept)
  }) as typeof socket.on
  // It takes the subscription back when it gives the connection up; what still arrives would throw in it.
  const off = socket.removeListener.bind(socket)
  socket.removeListener = ((event: string, listener: (...args: never[]) => void) => {
    if (event !== 'data') return off(event, listener as () => void)
    deliver = () => undefined
    return socket
  }) as typeof socket.removeListener

  const during = <T>(
    start: (resolve: (value: T) => void, reject: (error: unknown) => void) => Deliver,
  ): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      const end = () => {
        take = give
        losses.delete(fail)
      }
      const fail = (error: unknown) => {
        end()
        reject(error)
      }
      losses.add(fail)
      take = start((value) => {
        end()
        resolve(value)
      }, fail)
    })

  return {
    divert: (sink) => during((resolve) => rowDiverter(socket, sink, give, resolve)),
    verdict: () => during((resolve, reject) => verdictListener(give, resolve, reject)),
    sink: {
      write: (frames) => socket.write(frames),
      drained: () =>
        new Promise((resolve) => {
          const ready = () => {
            socket.removeListener('drain', ready)
            socket.removeListener('close', ready)
            resolve()
          }
          on('drain', ready)
          on('close', ready)
        }),
    },
  }
}

/** Splits what the server sends into rows, for the sink, and everything else, for the driver. */
function rowDiverter(
  socket: Socket,
  sink: CopySink,
  give: Deliver,
  resolve: (moved: Moved) => void,
): Deliver {
  const moved = { rows: 0, bytes: 0, waited_ms: 0 }
  let pending: Uint8Array = nothing
  let left = 0 // of the CopyData message at work
  let copying = false
  const forward = (run: Uint8Array) => {
    if (run.length > 0 && !sink.write(run)) {
      const since = performance.now()
      socket.pause()
      void sink.drained().then(() => {
        moved.waited_ms += performance.now() - since
        socket.resume()
      })
    }
  }
  return (arrived) => {
    const chunk = join(pending, arrived)
    pending = nothing
    let at = 0
    let run = 0 // where the rows that are not yet forwarded begin
    while (at < chunk.length) {
      if (left > 0) {
        const step = Math.min(left, chunk.length - at)
        at += step
        left -= step
        continue
      }
      const isRow = chunk[at] === message.copyData
      const length = chunk.length - at < headerBytes ? -1 : lengthAt(chunk, at)
      if (length < 0 || (!isRow && chunk.length - at < length + 1)) {
        // a message that is not whole yet: it waits for the next chunk
        forward(chunk.subarray(run, at))
        pending = chunk.subarray(at)
        return
      }
      if (isRow) {
        moved.rows += 1
        moved.bytes += length - 4
        left = length - 4
        at += headerBytes
        continue
      }
      forward(chunk.subarray(run, at))
      const type = chunk[at]
      if (type === message.copyDone && copying) {
        resolve(moved)
        give(chunk.subarray(at))
        return
      }
      if (type === message.copyOutResponse) copying = true
      give(chunk.subarray(at, at + length + 1))
      at += length + 1
      run = at
    }
    forward(chunk.subarray(run))
  }
}

/** Hands everything on to the driver and reads the outcome of the command on the way. */
function verdictListener(
  give: Deliver,
  resolve: () => void,
  reject: (error: unknown) => void,
): Deliver {
  let pending: Uint8Array = nothing
  return (arrived) => {
    let chunk = join(pending, arrived)
    while (chunk.length >= headerBytes && chunk.length > lengthAt(chunk, 0)) {
      const end = lengthAt(chunk, 0) + 1
      if (chunk[0] === message.commandComplete) resolve()
      if (chunk[0] === message.errorResponse)
        reject(readServerError(chunk.subarray(headerBytes, end)))
      chunk = chunk.subarray(end)
    }
    pending = chunk
    give(arrived)
  }
}

function asBuffer(bytes: Uint8Array): Uint8Array {
  const view: unknown = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return view as Uint8Array // as it is; the older of the two type sets does not know it
}

function lost(): Error {
  return Object.assign(new Error('The connection was lost.'), { code: 'CONNECTION_CLOSED' })
}
