/** A large schema does not use up what a server can lock at a time. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { type Servers, startServers } from '../../../scripts/local/index.ts'
import { openSource } from '../../../shared/source/connect.ts'
import { scratchDatabase } from '../../support/scratch.ts'
import { SETTINGS } from '../../support/servers.ts'
import { plain, verifyPair } from './schema-pair.ts'

const TABLES = 600
let servers: Servers
let directory: string

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'ferry-test-'))
  const settings = {
    ...SETTINGS,
    // each of these has room for locks of its own
    max_connections: '20',
    max_prepared_transactions: '0',
    max_locks_per_transaction: '10',
  }
  servers = await startServers({ directory, settings })
})
afterAll(async () => {
  await servers?.stop()
  rmSync(directory, { recursive: true, force: true })
})

/** A check as it is written, and as a server prints it: read back, the first is printed as the second. */
const written = "v in ('a', 'b')"
const printed = "(v)::text = any ((array['a'::character varying, 'b'::character varying])::text[])"

it('of a server with few locks', async () => {
  const target = await scratchDatabase(servers.target.url('postgres', servers.target.superuser))
  onTestFinished(() => target.drop())
  const source = await scratchDatabase(servers.source.url('postgres'))
  onTestFinished(() => source.drop())
  for (const [{ sql }, check] of [
    [source, written],
    [target, printed],
  ] as const) {
    for (let table = 0; table < TABLES; table += 50) {
      const texts = Array.from(
        { length: 50 },
        (_, at) =>
          `create table t${table + at} (id serial primary key, v varchar(9), constraint c${table + at} check (${check}))`,
      )
      await sql.unsafe(texts.join('; ')).simple()
    }
  }
  const together = Array.from({ length: TABLES }, (_, at) => `select from t${at}`).join(
    ' union all ',
  )
  await expect(target.sql.unsafe(together)).rejects.toMatchObject({ code: '53200' })
  const reader = openSource(plain(source.url))
  onTestFinished(() => reader.close())
  const { findings, results } = await verifyPair(reader, target.url)
  expect(findings).toEqual([])
  expect(results).toHaveLength(TABLES)
  expect(results[0]?.criteria.texts_replayed).toBe(TABLES)
})
