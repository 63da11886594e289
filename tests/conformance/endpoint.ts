/** An HTTP server that remembers what arrived and answers as it is told. */
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll } from 'vitest'

export interface Arrival {
  readonly at: number
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface Endpoint {
  readonly url: string
  readonly arrivals: Arrival[]
  /** Those whose path begins so. */
  to(path: string): Arrival[]
}

/**
 * Listens until the file ends. Query parameters steer the answer: `wait` (milliseconds), `status`, `body`.
 * @param onArrival called before the answer
 */
export async function openEndpoint(
  onArrival: (arrival: Arrival) => Promise<void> | void = () => {},
): Promise<Endpoint> {
  const host = process.env.CONFORMANCE_LISTEN_HOST ?? '127.0.0.1'
  const arrivals: Arrival[] = []
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://endpoint')
    let body = ''
    for await (const chunk of request) body += chunk
    const { method = '', headers } = request
    const arrival = { at: performance.now(), method, path: request.url ?? '', headers, body }
    arrivals.push(arrival)
    await onArrival(arrival)
    await new Promise((resolve) => setTimeout(resolve, Number(url.searchParams.get('wait') ?? 0)))
    response.writeHead(Number(url.searchParams.get('status') ?? 200), {
      'content-type': 'text/plain',
    })
    response.end(url.searchParams.get('body') ?? 'ok')
  })
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://${host}:${port}`,
    arrivals,
    to: (path) => arrivals.filter((arrival) => arrival.path.startsWith(path)),
  }
}
