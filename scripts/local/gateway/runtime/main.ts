/**
 * The main module of an isolate, run by Deno (2.9 and 2.1.4 alike): gives the function what the platform
 * gives it, loads it and serves it on a Unix socket.
 *
 * Arguments: the function's entry point as a URL, the path to serve on, the path of the control socket, the
 * names of the function's environment, separated by commas.
 * The control socket carries one JSON message a line, both ways; when it closes, the gateway is gone and
 * the isolate ends itself.
 */
interface Connection {
  read(buffer: Uint8Array): Promise<number | null>
  write(data: Uint8Array): Promise<number>
  unref(): void
}
type Handler = (request: Request, info?: unknown) => Response | Promise<Response>
interface ServeModule {
  readonly default?: { readonly fetch?: Handler }
}
declare const Deno: {
  readonly args: readonly string[]
  readonly env: { delete(name: string): void; toObject(): Record<string, string> }
  connect(options: { transport: 'unix'; path: string }): Promise<Connection>
  serve: (...parameters: unknown[]) => unknown
  exit(code: number): never
}

const [entrypoint = '', servePath = '', controlPath = '', keptNames = ''] = Deno.args
const encoder = new TextEncoder()
const control = await Deno.connect({ transport: 'unix', path: controlPath })
control.unref()

/** Writes one after the other: a short write must not interleave with the next message. */
let written: Promise<void> = Promise.resolve()
function tell(message: object): void {
  const data = encoder.encode(`${JSON.stringify(message)}\n`)
  written = written
    .then(async () => {
      for (let sent = 0; sent < data.length; ) sent += await control.write(data.subarray(sent))
    })
    .catch(() => Deno.exit(1))
}

async function listen(): Promise<never> {
  const decoder = new TextDecoder()
  const buffer = new Uint8Array(4096)
  let rest = ''
  for (;;) {
    const length = await control.read(buffer).catch(() => null)
    if (length === null) Deno.exit(1)
    const lines = (rest + decoder.decode(buffer.subarray(0, length), { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) receive(JSON.parse(line))
  }
}

function receive(message: { type: string; reason?: string }): void {
  if (message.type !== 'beforeunload') return
  const detail = { reason: message.reason }
  globalThis.dispatchEvent(new CustomEvent('beforeunload', { cancelable: true, detail }))
}

/** Background tasks, numbered so that the gateway can tell an old count from a new one. */
let pending = 0
let sequence = 0
function count(change: number): void {
  pending += change
  sequence += 1
  tell({ type: 'pending', pending, sequence })
}

function waitUntil<T>(work: Promise<T>): Promise<T> {
  count(1)
  Promise.resolve(work).then(
    () => count(-1),
    (error) => {
      console.error(error)
      count(-1)
    },
  )
  return work
}

/**
 * The request with the address that the caller used. Built from its parts, because touching Deno's own
 * `request.signal` changes how the server treats the request; so there is no abort signal here.
 */
function restoreAddress(request: Request): Request {
  const { pathname, search } = new URL(request.url)
  const host = request.headers.get('host') ?? 'localhost'
  const { method, headers, body } = request
  const init: RequestInit & { duplex?: 'half' } = { method, headers }
  if (body) Object.assign(init, { body, duplex: 'half' })
  return new Request(`http://${host}${pathname}${search}`, init)
}

/** Tells the gateway with each answer how much work it leaves. */
function serveWith(handler: Handler): Handler {
  return async (request, info) => {
    const answer = await handler(restoreAddress(request), info)
    const { status, statusText } = answer
    const headers = new Headers(answer.headers)
    headers.set('x-isolate-pending', `${pending}/${sequence}`)
    return new Response(answer.body, { status, statusText, headers })
  }
}

const originalServe = Deno.serve
let serving = false
function serve(...parameters: unknown[]): unknown {
  const last = parameters.at(-1) as Handler | { handler: Handler }
  const handler = typeof last === 'function' ? last : last.handler
  serving = true
  return originalServe(
    { path: servePath, onListen: () => tell({ type: 'ready' }) },
    serveWith(handler),
  )
}

/** What starting the runtime needed, or the runtime set itself, is none of the function's business. */
const kept = new Set(keptNames.split(','))
for (const name of Object.keys(Deno.env.toObject())) if (!kept.has(name)) Deno.env.delete(name)
Deno.serve = serve
Object.assign(globalThis, { EdgeRuntime: { waitUntil } })
// The platform blocks Web Workers.
Reflect.deleteProperty(globalThis, 'Worker')
// The platform logs an unhandled rejection and keeps the isolate.
globalThis.addEventListener('unhandledrejection', (event) => {
  event.preventDefault()
  console.error(event.reason)
})

tell({ type: 'hello' })
void listen()
const module = (await import(entrypoint)) as ServeModule
if (!serving) {
  const handler = module.default?.fetch
  if (typeof handler !== 'function')
    throw new Error('The function neither exports fetch nor serves')
  serve(handler.bind(module.default))
}
