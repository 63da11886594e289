/** What pg_net 0.20 does, and so its stand-in. See subject.ts for running it against the real one. */
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { freePort } from '../../scripts/local/processes/free-port.ts'
import { eventually } from '../support/eventually.ts'
import { openEndpoint } from './endpoint.ts'
import { openSubject, signatures, uniqueName } from './subject.ts'

const { sql, connect } = await openSubject()
const endpoint = await openEndpoint()

interface ResponseRow {
  readonly status_code: number | null
  readonly content_type: string | null
  readonly headers: Record<string, string> | null
  readonly content: string | null
  readonly timed_out: boolean | null
  readonly error_msg: string | null
}

function responses(id: string): Promise<ResponseRow[]> {
  return sql<ResponseRow[]>`select * from net._http_response where id = ${id}`
}

function response(id: string): Promise<ResponseRow> {
  return eventually(async () => (await responses(id))[0] ?? false, {
    what: 'a response row',
    within: 15_000,
  })
}

async function post(path: string, milliseconds = 5000): Promise<string> {
  const [row] = await sql<{ id: string }[]>`
    select net.http_post(${endpoint.url + path}, timeout_milliseconds => ${milliseconds}) as id`
  return row!.id
}

describe('the surface of pg_net', () => {
  it('has the signatures of 0.20', async () => {
    expect(await signatures(sql, ['net.http_get', 'net.http_post', 'net.http_delete'])).toEqual([
      "net.http_delete(url text, params jsonb DEFAULT '{}'::jsonb, headers jsonb DEFAULT '{}'::jsonb, timeout_milliseconds integer DEFAULT 5000, body jsonb DEFAULT NULL::jsonb) returns bigint",
      "net.http_get(url text, params jsonb DEFAULT '{}'::jsonb, headers jsonb DEFAULT '{}'::jsonb, timeout_milliseconds integer DEFAULT 5000) returns bigint",
      "net.http_post(url text, body jsonb DEFAULT '{}'::jsonb, params jsonb DEFAULT '{}'::jsonb, headers jsonb DEFAULT '{\"Content-Type\": \"application/json\"}'::jsonb, timeout_milliseconds integer DEFAULT 5000) returns bigint",
    ])
  })

  it('keeps queue and responses in unlogged tables', async () => {
    const rows = await sql`
      select relname, relpersistence from pg_class
       where oid in ('net.http_request_queue'::regclass, 'net._http_response'::regclass)
       order by relname`
    expect(rows).toMatchObject([
      { relname: '_http_response', relpersistence: 'u' },
      { relname: 'http_request_queue', relpersistence: 'u' },
    ])
  })

  it('lets every role read queued requests, their headers included', async () => {
    const [row] = await sql`
      select bool_and(has_table_privilege('anon', t, p)) as allowed
        from unnest('{net.http_request_queue,net._http_response}'::text[]) t,
             unnest('{select,insert,update,delete,truncate}'::text[]) p`
    expect(row).toEqual({ allowed: true })
  })

  it('says that its worker is up', async () => {
    await eventually(() => sql`select net.check_worker_is_up()`, { within: 5000 })
  })
})

describe('a request', () => {
  it('arrives with its method, parameters, headers and body', async () => {
    const [row] = await sql<{ id: string }[]>`
      select net.http_post(${`${endpoint.url}/shape`}, '{"a": "ü"}', '{"q": "x y&z"}',
                           '{"Content-Type": "application/json", "x-nonce": "n"}') as id`
    await response(row!.id)
    const [arrival] = endpoint.to('/shape')
    expect(arrival).toMatchObject({ method: 'POST', body: '{"a": "ü"}' })
    expect(arrival?.headers).toMatchObject({
      'content-type': 'application/json',
      'x-nonce': 'n',
      'user-agent': expect.stringMatching(/^pg_net\//),
    })
    expect(new URL(arrival?.path ?? '', endpoint.url).searchParams.get('q')).toBe('x y&z')
  })

  it('adds the content type where it is missing and refuses another one', async () => {
    const [row] = await sql<{ id: string }[]>`
      select net.http_post(${`${endpoint.url}/typed`}, headers => '{"x-a": "b"}') as id`
    await response(row!.id)
    expect(endpoint.to('/typed')[0]?.headers['content-type']).toBe('application/json')
    await expect(
      sql`select net.http_post(${endpoint.url}, headers => '{"content-type": "text/plain"}')`,
    ).rejects.toThrow('Content-Type header must be "application/json"')
  })

  it('leaves at commit and not before', async () => {
    const other = connect()
    let sentBefore = -1
    await other.begin(async (tx) => {
      await tx`select net.http_post(${`${endpoint.url}/commit`})`
      await sleep(1500)
      sentBefore = endpoint.to('/commit').length
    })
    expect(sentBefore).toBe(0)
    await eventually(() => endpoint.to('/commit').length === 1, { within: 5000 })
  })

  it('never leaves when its transaction rolls back', async () => {
    const undo = new Error('undo')
    const attempt = sql.begin(async (tx) => {
      await tx`select net.http_post(${`${endpoint.url}/rollback`})`
      throw undo
    })
    await expect(attempt).rejects.toBe(undo)
    // Its witness: a request committed later arrives.
    await response(await post('/witness'))
    expect(endpoint.to('/rollback')).toEqual([])
    expect(await sql`select from net.http_request_queue where url like '%/rollback'`).toHaveLength(
      0,
    )
  })

  it('leaves one row with status, type, headers and content', async () => {
    const row = await response(await post('/answer?status=202&body=taken'))
    expect(row).toMatchObject({
      status_code: 202,
      content_type: 'text/plain',
      content: 'taken',
      timed_out: false,
      error_msg: null,
    })
    expect(row.headers).toMatchObject({ 'content-type': 'text/plain' })
  })
})

describe('a failure', () => {
  it('is one row with an error when nobody listens, and no retry', async () => {
    const port = await freePort()
    const url = `http://127.0.0.1:${port}/`
    const [row] = await sql<{ id: string }[]>`select net.http_post(${url}) as id`
    const first = await response(row!.id)
    expect(first.status_code).toBeNull()
    expect(first.error_msg).toMatch(/connect/i)
    await sleep(2500)
    expect(await responses(row!.id)).toHaveLength(1)
    expect(await sql`select from net.http_request_queue where url = ${url}`).toHaveLength(0)
  })

  it('is one row marked as timed out when no answer comes in time', async () => {
    const row = await response(await post('/slow?wait=3000', 300))
    expect(row).toMatchObject({ status_code: null, timed_out: true })
    expect(row.error_msg).toMatch(/^Timeout of 300 ms reached/)
  })

  it('is one row with the status for a 5xx, and no retry', async () => {
    const path = `/${uniqueName('broken')}?status=503`
    expect(await response(await post(path))).toMatchObject({ status_code: 503, error_msg: null })
    await sleep(2500)
    expect(endpoint.to(path)).toHaveLength(1)
  })
})

describe('the worker', () => {
  it('runs a batch at the same time and stores it when the slowest is done', async () => {
    const ids = await sql.begin(async (tx) => {
      const slow = `${endpoint.url}/batch?wait=1500`
      const fast = `${endpoint.url}/batch?wait=0`
      return await tx<{ id: string }[]>`
        select net.http_post(url) as id from unnest(${[slow, fast]}::text[]) url`
    })
    await eventually(() => endpoint.to('/batch').length === 2, { within: 5000, every: 20 })
    const [one, two] = endpoint.to('/batch')
    expect(Math.abs((one?.at ?? 0) - (two?.at ?? 0))).toBeLessThan(500)
    await sleep(500)
    expect(await responses(ids[1]!.id)).toEqual([])
    expect(await response(ids[1]!.id)).toMatchObject({ status_code: 200 })
  })

  it('lets a request wait that was committed behind a slow one', async () => {
    await post('/ahead?wait=2500')
    await eventually(() => endpoint.to('/ahead').length === 1, { within: 5000, every: 10 })
    const began = performance.now()
    await response(await post('/behind'))
    const waited = (endpoint.to('/behind')[0]?.at ?? 0) - began
    expect(waited).toBeGreaterThan(1800)
  })

  it('runs a chain of short hops at about one hop a second', async () => {
    const hops: number[] = []
    const chain = await openEndpoint(async () => {
      hops.push(performance.now())
      if (hops.length < 5) {
        setTimeout(() => void sql`select net.http_post(${chain.url})`.catch(() => {}), 50)
      }
    })
    await sql`select net.http_post(${chain.url})`
    await eventually(() => hops.length === 5, { within: 15_000 })
    const average = ((hops[4] ?? 0) - (hops[1] ?? 0)) / 3
    expect(average).toBeGreaterThan(700)
    expect(average).toBeLessThan(1600)
  })
})
