/** One client's way through the fault proxy: two sockets, and everything that can go wrong between. */
import net from 'node:net'
import { openLane } from './proxy-lane.ts'
import { followSession, type Session } from './proxy-session.ts'

export interface LinkInfo {
  readonly id: number
  readonly database: string | undefined
  readonly user: string | undefined
  readonly applicationName: string | undefined
  /** Direction of the COPY that runs on this connection now: `in` loads, `out` reads. */
  readonly copying: 'in' | 'out' | undefined
  /** Bytes of COPY data so far, of the running or else the last COPY. */
  readonly copied: number
  readonly frozen: boolean
}

export interface Link {
  info(): LinkInfo
  /** Half-open: both sockets stay, nothing (not even a close) crosses any more. */
  freeze(): void
  thaw(): void
  /** Resets both sides. */
  cut(): void
  readonly closed: Promise<void>
}

export interface LinkEvents {
  /** Called whenever bytes moved, after the session was brought up to date. */
  moved(link: Link, bytes: number, direction: 'up' | 'down'): void
  /** Whether the answer of this statement is to be withheld. */
  watched(link: Link, statement: string): boolean
  /** A watched statement ended: `done` by the server and its answer withheld, or not done. */
  decided(outcome: 'done' | 'failed'): void
  /** Milliseconds by which every chunk is held back. */
  delay(): number
}

export function openLink(options: {
  readonly id: number
  readonly client: net.Socket
  readonly upstream: { readonly host: string; readonly port: number }
  readonly events: LinkEvents
}): Link {
  const { client, events } = options
  const server = net.connect({ ...options.upstream, noDelay: true, allowHalfOpen: true })
  const session: Session = followSession((statement) => events.watched(link, statement))
  const up = openLane(client, server, events.delay)
  const down = openLane(server, client, events.delay)
  const both = [client, server]
  const withheld: Buffer[] = []
  let frozen = false

  const link: Link = {
    info: () => describe(options.id, session, frozen),
    freeze() {
      frozen = true
      up.freeze()
      down.freeze()
    },
    thaw() {
      frozen = false
      up.thaw()
      down.thaw()
    },
    cut() {
      for (const socket of both) hangUp(socket)
    },
    closed: Promise.all(both.map(closing)).then(() => undefined),
  }

  client.on('data', (chunk) => {
    session.clientSent(chunk)
    up.put(chunk)
    events.moved(link, chunk.length, 'up')
  })
  server.on('data', (chunk) => {
    const { pass, outcome } = session.serverSent(chunk)
    if (outcome === 'failed') for (const part of withheld.splice(0)) down.put(part)
    down.put(chunk.subarray(0, pass))
    if (session.withholding) withheld.push(chunk.subarray(pass))
    events.moved(link, chunk.length, 'down')
    if (outcome) events.decided(outcome)
    if (outcome === 'done') link.cut()
  })
  client.on('end', up.end)
  server.on('end', down.end)
  client.on('close', (failed) => failed && !frozen && link.cut())
  server.on('close', (failed) => failed && !frozen && link.cut())
  for (const socket of both) socket.on('error', () => undefined)
  void link.closed.then(() => session.withholding && events.decided('failed'))
  return link
}

/**
 * Ends a socket at once, by a reset where that is possible. While its own end is still being sent, a
 * reset is refused by the system and Node would neither close the socket nor say so.
 */
export function hangUp(socket: net.Socket): void {
  if (socket.destroyed) return
  if (socket.writableEnded) socket.destroy()
  else socket.resetAndDestroy()
}

function closing(socket: net.Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()))
}

function describe(id: number, session: Session, frozen: boolean): LinkInfo {
  return {
    id,
    database: session.parameters?.database ?? session.parameters?.user,
    user: session.parameters?.user,
    applicationName: session.parameters?.application_name,
    copying: session.copying,
    copied: session.copied,
    frozen,
  }
}
