/**
 * A TCP proxy in front of a PostgreSQL server that fails on demand: half-open sockets, resets,
 * refused connections, slow lines, and answers that are lost after the server did its work.
 */
import { once } from 'node:events'
import net from 'node:net'
import { type Link, type LinkInfo, openLink } from './proxy-link.ts'
import { normalised } from './wire.ts'

export type { LinkInfo } from './proxy-link.ts'

type Filter = (link: LinkInfo) => boolean

export interface ProxyStats {
  accepted: number
  cut: number
  bytesUp: number
  bytesDown: number
  /** Statements whose answer was lost after the server had finished them. */
  answersDropped: number
}

export interface FaultProxy {
  readonly host: string
  readonly port: number
  readonly stats: Readonly<ProxyStats>
  connections(): LinkInfo[]
  /** Makes the open connections that match half-open; returns how many. New ones work. */
  freeze(filter?: Filter): number
  /** Lets frozen connections go on where they stood. */
  thaw(): number
  /** Resets the open connections that match, on both sides; returns how many. */
  cut(filter?: Filter): number
  /** While on, nothing listens: new connections are refused. Open ones go on. */
  refuse(on: boolean): Promise<void>
  /**
   * Lets the statement reach the server, waits until the server has finished it, throws the answer
   * away and resets both sides. Statements that the server refuses keep their answer and do not count.
   * @param statement compared without case, closing semicolon and outer blanks; a pattern sees lower case
   * @returns a promise that resolves when it has happened `times` times
   */
  dropAnswerOf(statement: string | RegExp, options?: DropOptions): Promise<void>
  /** Runs `act` once, in the middle of the first COPY that has moved that many bytes. */
  onCopied(
    bytes: number,
    act: (proxy: FaultProxy, link: LinkInfo) => void,
    filter?: Filter,
  ): Promise<void>
  /** Holds every chunk back by so many milliseconds, in both directions; 0 ends it. */
  delay(milliseconds: number): void
  close(): Promise<void>
}

export interface DropOptions {
  readonly filter?: Filter
  readonly times?: number
}

interface CopyTrap {
  readonly bytes: number
  readonly filter: Filter
  readonly act: (link: LinkInfo) => void
}

interface DropTrap {
  readonly matches: (statement: string) => boolean
  readonly filter: Filter
  /** Answers still to be lost, and statements that are on their way for it. */
  left: number
  pending: number
  readonly happened: () => void
}

const any: Filter = () => true

/** @param upstream the server; the proxy listens on a free port of 127.0.0.1 */
export async function openProxy(upstream: { host?: string; port: number }): Promise<FaultProxy> {
  const to = { host: upstream.host ?? '127.0.0.1', port: upstream.port }
  const links = new Set<Link>()
  const stats: ProxyStats = { accepted: 0, cut: 0, bytesUp: 0, bytesDown: 0, answersDropped: 0 }
  let pause = 0
  let copyTraps: CopyTrap[] = []
  let dropTrap: DropTrap | undefined
  let listener = await listen(0, accept)
  const port = (listener.address() as net.AddressInfo).port

  function accept(client: net.Socket): void {
    stats.accepted += 1
    const events = { moved, watched, decided, delay: () => pause }
    const link = openLink({ id: stats.accepted, client, upstream: to, events })
    links.add(link)
    void link.closed.then(() => links.delete(link))
  }

  function moved(link: Link, bytes: number, direction: 'up' | 'down'): void {
    if (direction === 'up') stats.bytesUp += bytes
    else stats.bytesDown += bytes
    if (copyTraps.length === 0) return
    const info = link.info()
    if (info.copying === undefined) return
    const sprung = copyTraps.filter((trap) => info.copied >= trap.bytes && trap.filter(info))
    copyTraps = copyTraps.filter((trap) => !sprung.includes(trap))
    for (const trap of sprung) trap.act(info)
  }

  function watched(link: Link, statement: string): boolean {
    if (!dropTrap || dropTrap.pending >= dropTrap.left) return false
    if (!dropTrap.matches(statement) || !dropTrap.filter(link.info())) return false
    dropTrap.pending += 1
    return true
  }

  function decided(outcome: 'done' | 'failed'): void {
    if (outcome === 'done') stats.answersDropped += 1
    if (!dropTrap) return
    dropTrap.pending -= 1
    if (outcome === 'failed') return
    dropTrap.left -= 1
    if (dropTrap.left > 0) return
    dropTrap.happened()
    dropTrap = undefined
  }

  function each(filter: Filter, act: (link: Link) => void): number {
    const chosen = [...links].filter((link) => filter(link.info()))
    for (const link of chosen) act(link)
    return chosen.length
  }

  const proxy: FaultProxy = {
    host: '127.0.0.1',
    port,
    stats,
    connections: () => [...links].map((link) => link.info()),
    freeze: (filter = any) => each(filter, (link) => link.freeze()),
    thaw: () =>
      each(
        (link) => link.frozen,
        (link) => link.thaw(),
      ),
    cut(filter = any) {
      const count = each(filter, (link) => link.cut())
      stats.cut += count
      return count
    },
    async refuse(on) {
      if (on) listener.close()
      else if (!listener.listening) listener = await listen(port, accept)
    },
    dropAnswerOf(statement, options = {}) {
      const { promise, resolve } = Promise.withResolvers<void>()
      dropTrap = {
        matches: (sent) =>
          typeof statement === 'string' ? sent === normalised(statement) : statement.test(sent),
        filter: options.filter ?? any,
        left: options.times ?? 1,
        pending: 0,
        happened: resolve,
      }
      return promise
    },
    onCopied(bytes, act, filter = any) {
      const { promise, resolve } = Promise.withResolvers<void>()
      const spring = (link: LinkInfo) => {
        act(proxy, link)
        resolve()
      }
      copyTraps.push({ bytes, filter, act: spring })
      return promise
    },
    delay(milliseconds) {
      pause = milliseconds
    },
    async close() {
      listener.close()
      each(any, (link) => link.cut())
      await Promise.all([...links].map((link) => link.closed))
    },
  }
  return proxy
}

async function listen(port: number, accept: (client: net.Socket) => void): Promise<net.Server> {
  const server = net.createServer({ noDelay: true, allowHalfOpen: true }, accept)
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return server
}

/** The same address with the proxy's host and port. */
export function through(proxy: FaultProxy, address: string): string {
  const url = new URL(address)
  url.hostname = proxy.host
  url.port = String(proxy.port)
  return url.href
}
