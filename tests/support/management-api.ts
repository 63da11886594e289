/**
 * A stand-in for the platform's Management API, as far as `supabase functions deploy --use-api`
 * talks to it. It keeps what was uploaded, byte for byte, and refuses what it does not know.
 */
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

export interface Deployment {
  readonly slug: string
  readonly metadata: {
    readonly entrypoint_path: string
    readonly import_map_path?: string
    readonly verify_jwt: boolean
    readonly [field: string]: unknown
  }
  /** Path relative to the project's root, as the CLI named it → content. */
  readonly files: ReadonlyMap<string, Uint8Array>
}

export interface ManagementApi {
  readonly projectRef: string
  readonly accessToken: string
  /** By function name; the last upload of each. */
  readonly deployments: ReadonlyMap<string, Deployment>
  /** `METHOD /path` of every request that no route answered. */
  readonly unknownRequests: readonly string[]
  /** Writes the file that the CLI's `--profile` reads; answers its path. */
  writeProfile(directory: string): Promise<string>
  stop(): Promise<void>
}

interface State {
  readonly projectRef: string
  readonly deployments: Map<string, Deployment>
  /** The functions that the API says are there. */
  readonly functions: Map<string, Record<string, unknown>>
}

interface Answer {
  readonly status: number
  readonly body: unknown
}

type Route = (url: URL, request: Request, state: State) => Promise<Answer> | Answer

const ref = 'abcdefghijklmnopqrst'
const accessToken = `sbp_${'0123456789abcdef'.repeat(3).slice(0, 40)}`

const routes: Record<string, Route> = {
  [`GET /v1/projects/${ref}`]: () => ({ status: 200, body: project }),
  [`GET /v1/projects/${ref}/functions`]: (_url, _request, { functions }) => ({
    status: 200,
    body: [...functions.values()],
  }),
  [`POST /v1/projects/${ref}/functions/deploy`]: deploy,
  [`PUT /v1/projects/${ref}/functions`]: publish,
}

const project = {
  id: ref,
  ref,
  organization_id: 'organization',
  organization_slug: 'organization',
  name: 'rehearsal',
  region: 'us-east-1',
  created_at: '2026-01-01T00:00:00Z',
  status: 'ACTIVE_HEALTHY',
  database: {
    host: `db.${ref}.supabase.co`,
    version: '17.6.1',
    postgres_engine: '17',
    release_channel: 'ga',
  },
}

export async function startManagementApi(): Promise<ManagementApi> {
  const state: State = { projectRef: ref, deployments: new Map(), functions: new Map() }
  const unknownRequests: string[] = []
  const server = createServer(async (incoming, response) => {
    const url = new URL(incoming.url ?? '/', 'http://management.local')
    const request = await webRequest(url, incoming)
    const name = `${request.method} ${url.pathname}`
    const route = routes[name]
    if (!route) unknownRequests.push(name)
    const answer = await answerTo(route, url, request, state)
    response.writeHead(answer.status, { 'content-type': 'application/json' })
    response.end(JSON.stringify(answer.body))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    projectRef: ref,
    accessToken,
    deployments: state.deployments,
    unknownRequests,
    async writeProfile(directory) {
      const path = join(directory, 'profile.yaml')
      await writeFile(path, profile(address))
      return path
    },
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

async function answerTo(
  route: Route | undefined,
  url: URL,
  request: Request,
  state: State,
): Promise<Answer> {
  if (request.headers.get('authorization') !== `Bearer ${accessToken}`) {
    return { status: 401, body: { message: 'Unauthorized' } }
  }
  if (!route) return { status: 404, body: { message: 'Not found' } }
  return route(url, request, state)
}

async function deploy(url: URL, request: Request, state: State): Promise<Answer> {
  const slug = url.searchParams.get('slug') ?? ''
  const bytes = Buffer.from(await request.arrayBuffer())
  const form = await new Response(bytes, { headers: request.headers }).formData()
  const metadata = JSON.parse(String(form.get('metadata'))) as Deployment['metadata']
  const parts = form.getAll('file') as File[]
  const names = fileNames(bytes)
  const files = new Map<string, Uint8Array>()
  for (const [index, part] of parts.entries()) {
    files.set(names[index] ?? part.name, new Uint8Array(await part.arrayBuffer()))
  }
  state.deployments.set(slug, { slug, metadata, files })
  const entry = functionEntry(slug, metadata)
  if (!url.searchParams.has('bundleOnly')) state.functions.set(slug, entry)
  return { status: 201, body: entry }
}

/** The second half of a deployment of several functions: they become visible together. */
async function publish(_url: URL, request: Request, state: State): Promise<Answer> {
  for (const entry of (await request.json()) as { slug: string }[]) {
    state.functions.set(entry.slug, { ...state.functions.get(entry.slug), ...entry })
  }
  return { status: 200, body: { functions: [...state.functions.values()] } }
}

function functionEntry(slug: string, metadata: Deployment['metadata']): Record<string, unknown> {
  return {
    id: `function-${slug}`,
    slug,
    name: slug,
    status: 'ACTIVE',
    version: 1,
    created_at: 1_767_225_600_000,
    updated_at: 1_767_225_600_000,
    verify_jwt: metadata.verify_jwt,
    import_map: metadata.import_map_path !== undefined,
    entrypoint_path: metadata.entrypoint_path,
    import_map_path: metadata.import_map_path,
    ezbr_sha256: '0'.repeat(64),
  }
}

/** Names of the uploaded files in order, with their folders, which FormData would cut off. */
function fileNames(body: Buffer): string[] {
  return [...body.toString('latin1').matchAll(/name="file"; filename="([^"]*)"/g)].map(
    (match) => match[1] ?? '',
  )
}

async function webRequest(url: URL, incoming: IncomingMessage): Promise<Request> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer)
  const method = incoming.method ?? 'GET'
  const headers = incoming.headers as Record<string, string>
  return new Request(url, {
    method,
    headers,
    ...(method === 'GET' ? {} : { body: Buffer.concat(chunks) }),
  })
}

function profile(address: string): string {
  return [
    'name: rehearsal',
    `api_url: ${address}`,
    `dashboard_url: ${address}/dashboard`,
    `docs_url: ${address}/docs`,
    'project_host: rehearsal.localhost',
    'pooler_host: pooler.rehearsal.localhost',
    '',
  ].join('\n')
}
