/**
 * The HTTP front of the embedded project: routes `/functions/v1/<name>` to isolates and answers as the
 * platform does where no function answers.
 */
import {
  createServer,
  type Server as HttpServer,
  request as httpRequest,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import * as answers from './answers.ts'
import { refusal } from './authorize.ts'
import { type FunctionDefinition, listFunctions } from './functions.ts'
import type { Isolate } from './isolate.ts'
import { type ProjectKeys, publicKeySet } from './keys.ts'
import { Pool, type PoolOptions } from './pool.ts'

export interface GatewayOptions extends PoolOptions {
  readonly port: number
  readonly keys: ProjectKeys
  readonly functionsDirectory: string
  readonly configFile: string
}

export interface Gateway {
  readonly pool: Pool
  /** Requests handed to isolates so far. */
  invocations(): number
  /** Starts isolates of a function ahead of their first requests; does nothing where there is none. */
  warm(name: string, count: number): Promise<void>
  close(): Promise<void>
}

/** Listens on 127.0.0.1. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const pool = new Pool(options)
  let invocations = 0
  let functions = listFunctions(options.functionsDirectory, options.configFile)
  /** A function made after the start is found by its first request. */
  const find = (name: string): FunctionDefinition | undefined => {
    if (!functions.has(name)) {
      functions = listFunctions(options.functionsDirectory, options.configFile)
    }
    return functions.get(name)
  }
  const serveFunction = async (
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
  ): Promise<void> => {
    const definition = find(path.split(/[/?]/)[1] ?? '')
    if (!definition) return answers.send(response, answers.NOT_FOUND)
    const refused = definition.verifyJwt ? await refusal(request, options.keys) : undefined
    if (refused) return answers.send(response, refused)
    const isolate = await pool.acquire(definition)
    if (!isolate) return answers.send(response, answers.BOOT_ERROR)
    invocations += 1
    forward(isolate, request, response, path, options.limits.answerMilliseconds)
  }
  const server = createServer((request, response) => {
    response.on('error', () => {})
    const url = request.url ?? '/'
    const path = /^\/functions\/v1(\/.*)$/.exec(url)?.[1]
    if (path) {
      serveFunction(request, response, path).catch(() => answers.send(response, answers.BOOT_ERROR))
    } else if (url.split('?')[0] === '/auth/v1/.well-known/jwks.json') {
      answers.send(response, { status: 200, body: publicKeySet(options.keys) })
    } else {
      answers.send(response, answers.NO_ROUTE)
    }
  })
  await listen(server, options.port)
  return {
    pool,
    invocations: () => invocations,
    warm: async (name, count) => {
      const definition = find(name)
      if (definition) await pool.warm(definition, count)
    },
    close: async () => {
      server.close()
      await pool.close()
      server.closeAllConnections()
    },
  }
}

function listen(server: HttpServer, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve(server.address() as AddressInfo))
  })
}

/** Streams the request in and the answer out; the isolate's end becomes an answer of the platform. */
function forward(
  isolate: Isolate,
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  answerMilliseconds: number,
): void {
  const { socketPath, agent } = isolate
  const { method, headers } = request
  const inner = httpRequest({ socketPath, agent, path, method, headers })
  const timer = setTimeout(() => {
    answers.send(response, answers.IDLE_TIMEOUT)
  }, answerMilliseconds)
  inner.on('response', (answer) => {
    clearTimeout(timer)
    const { 'x-isolate-pending': pending, ...shown } = answer.headers
    const [count, sequence] = String(pending).split('/').map(Number)
    if (count !== undefined && sequence !== undefined) isolate.notePending(count, sequence)
    if (response.headersSent) return void answer.resume()
    // The platform serves no HTML on its own domain.
    if (shown['content-type']?.startsWith('text/html')) shown['content-type'] = 'text/plain'
    response.writeHead(answer.statusCode ?? 502, answer.statusMessage, shown)
    answer.on('error', () => response.destroy())
    answer.on('aborted', () => response.destroy())
    answer.pipe(response)
  })
  inner.on('error', async () => {
    clearTimeout(timer)
    // The process's end is known a moment after its sockets are: it says which answer is due.
    const patience = new Promise<'crash'>((resolve) => setTimeout(() => resolve('crash'), 1000))
    answers.send(response, answers.answerForEnd(await Promise.race([isolate.ended, patience])))
  })
  inner.once('close', () => isolate.endRequest())
  response.on('close', () => {
    clearTimeout(timer)
    if (!response.writableFinished) inner.destroy()
  })
  request.pipe(inner)
}
