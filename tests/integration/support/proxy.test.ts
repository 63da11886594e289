/** The fault proxy, in front of a real server with the real driver. */
import { once } from 'node:events'
import net from 'node:net'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import postgres, { type Sql } from 'postgres'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { eventually } from '../../support/eventually.ts'
import { type FaultProxy, openProxy, through } from '../../support/proxy.ts'
import { hangUp } from '../../support/proxy-link.ts'
import { type Scratch, scratchDatabase } from '../../support/scratch.ts'
import { plainServer } from './server.ts'

describe('the fault proxy', () => {
  let scratch: Scratch
  let proxy: FaultProxy
  let clients: Sql[]
  beforeAll(async () => {
    scratch = await scratchDatabase(await plainServer())
    await scratch.sql`create table kept (id integer primary key, note text)`
  })
  afterAll(() => scratch?.drop())
  beforeEach(async () => {
    proxy = await openProxy({ port: Number(new URL(scratch.url).port) })
    clients = []
    await scratch.sql`truncate kept`
  })
  afterEach(async () => {
    await proxy.close()
    await Promise.all(clients.map((client) => client.end({ timeout: 0 })))
  })

  function connect(name = 'client', options: postgres.Options<Record<string, never>> = {}): Sql {
    const client = postgres(through(proxy, scratch.url), {
      max: 1,
      onnotice: () => undefined,
      connection: { application_name: name },
      ...options,
    })
    clients.push(client)
    return client
  }
  const stored = async () =>
    (await scratch.sql`select id from kept order by id`).map((row) => row.id as number)
  const backends = async (name: string) =>
    (
      await scratch.sql`select pid, state, wait_event from pg_stat_activity where application_name = ${name}`
    ).length

  it('passes everything on, and knows who is connected', async () => {
    const sql = connect('plain')
    const rows = await sql`select repeat('x', 100000) as wide, n from generate_series(1, 50) n`
    expect(rows).toHaveLength(50)
    expect(proxy.connections()).toMatchObject([
      { user: 'postgres', database: scratch.name, applicationName: 'plain', frozen: false },
    ])
    expect(proxy.stats.bytesDown).toBeGreaterThan(5_000_000)
  })

  const commits: readonly [string, (sql: Sql) => Promise<unknown>][] = [
    ['unprepared', (sql) => sql.begin((t) => t`insert into kept values (1)`)],
    [
      'simple',
      (sql) => sql.unsafe('begin; insert into kept values (1)').then(() => sql.unsafe(' COMMIT ;')),
    ],
    [
      'prepared earlier',
      async (sql) => {
        await sql.begin((t) => t`select 1`)
        const dropped = proxy.dropAnswerOf('COMMIT')
        await sql.begin((t) => t`insert into kept values (1)`).finally(() => dropped)
      },
    ],
    [
      'with the COPY before it',
      (sql) =>
        sql.begin(async (t) => {
          await pipeline([Buffer.from('1\tx\n')], await t`copy kept from stdin`.writable())
        }),
    ],
  ]
  it.each(commits)('loses the answer of a COMMIT that was done: %s', async (kind, work) => {
    const sql = connect(kind, { prepare: kind === 'prepared earlier' })
    if (kind !== 'prepared earlier') void proxy.dropAnswerOf('COMMIT')
    await expect(work(sql)).rejects.toThrow(/CONNECTION|ECONNRESET|closed/i)
    expect(await stored()).toEqual([1])
    expect(proxy.stats.answersDropped).toBe(1)
    await sql.begin((t) => t`insert into kept values (2)`)
    expect(await stored()).toEqual([1, 2])
  })

  it('loses no answer of a COMMIT that was refused, of a rollback, or of another client', async () => {
    const [mine, other] = [connect('mine'), connect('other')]
    const dropped = proxy.dropAnswerOf('commit', {
      filter: (link) => link.applicationName === 'mine',
    })
    await other.begin((t) => t`insert into kept values (1)`)
    await mine.unsafe('begin')
    await mine`select 1 / 0`.catch(() => undefined)
    expect(await mine.unsafe('commit')).toMatchObject({ command: 'ROLLBACK' })
    await mine.begin(() => Promise.reject(new Error('no'))).catch(() => undefined)
    expect(proxy.stats.answersDropped).toBe(0)
    await expect(mine.begin((t) => t`insert into kept values (2)`)).rejects.toThrow()
    await dropped
    expect(await stored()).toEqual([1, 2])
  })

  it('loses the answer of any statement that matches a pattern', async () => {
    const sql = connect('pattern')
    const dropped = proxy.dropAnswerOf(/^insert into kept/)
    await expect(sql`INSERT INTO kept VALUES (${1}, ${'x'})`).rejects.toThrow()
    await dropped
    expect(await stored()).toEqual([1])
  })

  it('freezes a COPY in the middle: both sides hang, new connections work', async () => {
    const sql = connect('loader')
    const frozen = proxy.onCopied(200_000, (all, link) => all.freeze((one) => one.id === link.id))
    const load = sql.begin(async (t) => {
      const rows = function* () {
        for (let n = 0; n < 20_000; n += 1) yield Buffer.from(`${n}\t${'x'.repeat(1000)}\n`)
      }
      await pipeline(rows, await t`copy kept from stdin`.writable())
    })
    const failed = load.then(() => 'loaded').catch(() => 'failed')
    await frozen
    expect(proxy.connections()).toMatchObject([{ copying: 'in', frozen: true }])
    expect(await Promise.race([failed, sleep(300, 'hangs')])).toBe('hangs')
    expect(await backends('loader')).toBe(1)
    expect(await connect('second')`select 1 as one`).toEqual([{ one: 1 }])
    proxy.thaw()
    expect(await failed).toBe('loaded')
    expect(await stored()).toHaveLength(20_000)
  })

  it('does not tell the server of a client that died behind a frozen line', async () => {
    const sql = connect('dead')
    await sql`select 1`
    expect(proxy.freeze((link) => link.applicationName === 'dead')).toBe(1)
    await sql.end({ timeout: 0 })
    await sleep(200)
    expect(await backends('dead')).toBe(1)
    expect(proxy.cut((link) => link.frozen)).toBe(1)
    await eventually(async () => (await backends('dead')) === 0)
  })

  it('cuts in the middle of reading', async () => {
    const sql = connect('reader')
    const cut = proxy.onCopied(100_000, (all, link) => all.cut((one) => one.id === link.id))
    const reading = async () => {
      const rows =
        await sql`copy (select n, repeat('x', 900) from generate_series(1, 50000) n) to stdout`.readable()
      let bytes = 0
      await pipeline(rows, async (chunks) => {
        for await (const chunk of chunks) bytes += (chunk as Buffer).length
      })
      return bytes
    }
    await expect(reading()).rejects.toThrow()
    await cut
    expect(await connect('next')`select 1 as one`).toEqual([{ one: 1 }])
  })

  it.each(['open', 'just ending'])('hangs up on a socket that is %s', async (state) => {
    const listener = net.createServer({ allowHalfOpen: true }, (peer) => {
      peer.on('error', () => undefined).resume()
    })
    listener.listen(0, '127.0.0.1')
    await once(listener, 'listening')
    const { port } = listener.address() as net.AddressInfo
    const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    await once(socket, 'connect')
    let closed = false
    socket
      .on('error', () => undefined)
      .on('close', () => {
        closed = true
      })
    if (state === 'just ending') socket.end()
    hangUp(socket)
    await eventually(() => closed, { what: 'the socket closes', within: 1000 })
    listener.close()
  })

  it('refuses new connections and lets open ones be', async () => {
    const sql = connect('open')
    await sql`select 1`
    await proxy.refuse(true)
    await expect(connect('late', { connect_timeout: 2 })`select 1`).rejects.toThrow(/ECONNREFUSED/)
    expect(await sql`select 1 as one`).toEqual([{ one: 1 }])
    await proxy.refuse(false)
    expect(await connect('later')`select 1 as one`).toEqual([{ one: 1 }])
  })

  it('slows both directions without changing their order', async () => {
    const sql = connect('slow')
    await sql`select 1`
    proxy.delay(40)
    const begun = performance.now()
    const rows = sql`select n, repeat('y', 5000) as y from generate_series(1, 400) n`.execute()
    await sleep(10)
    proxy.delay(0)
    expect((await rows).map((row) => row.n)).toEqual(Array.from({ length: 400 }, (_, i) => i + 1))
    expect(performance.now() - begun).toBeGreaterThan(35)
  })

  it('resets its client when nothing listens behind it', async () => {
    const dead = await openProxy({ port: 1 })
    const sql = postgres(through(dead, scratch.url), { max: 1, connect_timeout: 2 })
    await expect(sql`select 1`).rejects.toThrow()
    await sql.end({ timeout: 0 })
    await dead.close()
  })
})
