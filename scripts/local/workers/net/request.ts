/** One HTTP request as pg_net sends it (libcurl's behaviour and words), and what becomes of it. */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'

export interface NetRequest {
  readonly id: string
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>> | null
  readonly body: Buffer | null
  readonly timeout_milliseconds: number
}

/** A row of `net._http_response`. */
export interface NetOutcome {
  readonly status_code: number | null
  readonly content_type: string | null
  readonly headers: Readonly<Record<string, string>> | null
  readonly content: string | null
  readonly timed_out: boolean | null
  readonly error_msg: string | null
}

export interface Agents {
  readonly http: HttpAgent
  readonly https: HttpsAgent
}

const USER_AGENT = 'pg_net/0.20.4'
const MAX_REDIRECTS = 50
/** libcurl sends again, a POST included, when a connection that it kept turns out to be closed. */
const MAX_RESENDS = 5

export function createAgents(): Agents {
  const options = { keepAlive: true, maxSockets: Number.POSITIVE_INFINITY, maxFreeSockets: 200 }
  return { http: new HttpAgent(options), https: new HttpsAgent(options) }
}

/** Never rejects: a failure is an outcome. */
export async function perform(request: NetRequest, agents: Agents): Promise<NetOutcome> {
  const deadline = performance.now() + request.timeout_milliseconds
  let { method, url, body } = request
  let resends = 0
  for (let redirects = 0; ; ) {
    const reply = await attempt({ ...request, method, url, body }, agents, deadline)
    if ('resend' in reply) {
      resends += 1
      if (resends > MAX_RESENDS) return failure('Server returned nothing (no headers, no data)')
    } else if ('location' in reply && redirects < MAX_REDIRECTS) {
      redirects += 1
      url = new URL(reply.location, url).href
      if (!reply.keepsMethod) {
        method = method === 'POST' ? 'GET' : method
        body = null
      }
    } else {
      return reply.outcome
    }
  }
}

type Reply =
  | { readonly outcome: NetOutcome }
  | { readonly location: string; readonly keepsMethod: boolean; readonly outcome: NetOutcome }
  | { readonly resend: true }

function attempt(request: NetRequest, agents: Agents, deadline: number): Promise<Reply> {
  const target = parseUrl(request.url)
  if (!target) return settled(failure('URL using bad/illegal format or missing URL'))
  if (!/^https?:$/.test(target.protocol)) return settled(failure('Unsupported protocol'))
  const isSecure = target.protocol === 'https:'
  const options = {
    method: request.method,
    headers: headersOf(request),
    agent: isSecure ? agents.https : agents.http,
  }
  return new Promise((resolve) => {
    const outgoing = (isSecure ? httpsRequest : httpRequest)(target, options)
    const timer = setTimeout(
      () => {
        resolve({ outcome: timeout(request.timeout_milliseconds) })
        outgoing.destroy()
      },
      Math.max(1, deadline - performance.now()),
    )
    const finish = (reply: Reply) => {
      clearTimeout(timer)
      resolve(reply)
    }
    outgoing.on('response', (incoming) => void readReply(incoming).then(finish))
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      const isStale = outgoing.reusedSocket && /^(ECONNRESET|EPIPE)$/.test(error.code ?? '')
      finish(isStale ? { resend: true } : { outcome: failure(describe(error)) })
    })
    outgoing.end(request.body ?? undefined)
  })
}

async function readReply(incoming: IncomingMessage): Promise<Reply> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of incoming) chunks.push(chunk as Buffer)
  } catch {
    return { outcome: failure('Transferred a partial file') }
  }
  const status = incoming.statusCode ?? 0
  // A text of PostgreSQL ends at the first zero byte.
  const text = Buffer.concat(chunks).toString('utf8').split('\0')[0]
  const outcome = {
    status_code: status,
    content_type: incoming.headers['content-type'] ?? null,
    headers: Object.fromEntries(
      Object.entries(incoming.headers).map(([name, value]) => [name, [value].flat().at(-1) ?? '']),
    ),
    content: text || null,
    timed_out: false,
    error_msg: null,
  }
  const { location } = incoming.headers
  const isRedirect = [301, 302, 303, 307, 308].includes(status) && location
  return isRedirect ? { outcome, location, keepsMethod: status >= 307 } : { outcome }
}

function headersOf(request: NetRequest): Record<string, string | number> {
  const length = request.body?.length ?? (request.method === 'POST' ? 0 : undefined)
  return {
    ...request.headers,
    'User-Agent': USER_AGENT,
    Accept: '*/*',
    ...(length === undefined ? {} : { 'Content-Length': length }),
  }
}

function failure(message: string): NetOutcome {
  return {
    status_code: null,
    content_type: null,
    headers: null,
    content: null,
    timed_out: null,
    error_msg: message,
  }
}

function timeout(milliseconds: number): NetOutcome {
  const spent = milliseconds.toFixed(6)
  const detail = `DNS time: 0.000000 ms, TCP/SSL handshake time: 0.000000 ms, HTTP Request/Response time: ${spent} ms`
  return {
    ...failure(`Timeout of ${milliseconds} ms reached. Total time: ${spent} ms (${detail})`),
    timed_out: true,
  }
}

function describe(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'ECONNREFUSED':
      return "Couldn't connect to server"
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return "Couldn't resolve host name"
    case 'ECONNRESET':
      return 'Server returned nothing (no headers, no data)'
    default:
      return error.message
  }
}

function parseUrl(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined
}

function settled(outcome: NetOutcome): Promise<Reply> {
  return Promise.resolve({ outcome })
}
