/** Free TCP ports on the loopback address. */
import { createServer } from 'node:net'

/** The preferred port where it is free, otherwise one that the system chooses. */
export async function freePort(preferred?: number): Promise<number> {
  if (preferred && (await canListen(preferred)) === preferred) return preferred
  const port = await canListen(0)
  if (port === undefined) throw new Error('No free TCP port on 127.0.0.1')
  return port
}

function canListen(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(undefined))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const address = server.address()
      const chosen = typeof address === 'object' && address ? address.port : undefined
      server.close(() => resolve(chosen))
    })
  })
}
