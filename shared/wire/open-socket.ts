/**
 * Opens the connection under the driver: TCP, and TLS where the address asks for it. The driver could
 * do both, but then the decrypted stream would be out of reach, and COPY data is not to pass through
 * its parser (see `tap.ts`).
 */
import net from 'node:net'
import tls from 'node:tls'
import { FerryError } from '../platform/errors.ts'
import type { ServerAddress } from './address.ts'

/** Length 8, then the number that stands for "SSLRequest" in the protocol. */
const sslRequest = Uint8Array.of(0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f)
const yes = 0x53 // 'S'

/**
 * Resolves when the server can be spoken to.
 * @throws the socket's own error; FerryError `tls_refused` where the server has no TLS, `CONNECT_TIMEOUT`
 */
export async function openSocket(address: ServerAddress, timeoutMs: number): Promise<net.Socket> {
  const plain = net.connect({ host: address.host, port: address.port })
  plain.setNoDelay(true)
  const timer = setTimeout(() => plain.destroy(timedOut()), timeoutMs)
  try {
    await once(plain, 'connect')
    if (address.ssl === false) return plain
    plain.write(sslRequest)
    const answer = await once<Uint8Array>(plain, 'data')
    // One byte and no more: anything behind it was sent before encryption, by somebody in between.
    if (answer.length !== 1 || answer[0] !== yes) throw noTls()
    plain.removeAllListeners()
    const secured = tls.connect({
      socket: plain,
      ...(net.isIP(address.host) === 0 ? { servername: address.host } : {}),
      ...address.ssl,
    })
    await once(secured, 'secureConnect')
    return secured
  } catch (error) {
    plain.destroy()
    throw error
  } finally {
    clearTimeout(timer)
  }
}

function once<T = void>(socket: net.Socket, event: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const settle = () => {
      socket.removeListener(event, arrived)
      socket.removeListener('error', failed)
      socket.removeListener('close', closed)
    }
    const arrived = (value: T) => {
      settle()
      resolve(value)
    }
    const failed = (error: Error) => {
      settle()
      reject(error)
    }
    const closed = () => failed(Object.assign(new Error('closed'), { code: 'CONNECTION_CLOSED' }))
    socket.on(event, arrived)
    socket.on('error', failed)
    socket.on('close', closed)
  })
}

function timedOut(): Error {
  return Object.assign(new Error('timed out'), { code: 'CONNECT_TIMEOUT' })
}

function noTls(): FerryError {
  return new FerryError({
    code: 'tls_refused',
    message: 'The server does not speak TLS, and the address asks for it.',
    hint: 'Enable TLS on the server, or say sslmode=disable in the address if the way to it is trusted.',
    status: 422,
    kind: 'connection_error',
    context: { retry: 'never' },
  })
}
