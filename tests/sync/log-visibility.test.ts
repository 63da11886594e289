/**
 * A commit that is in the log and that nobody sees yet: its server waits for a standby that does not answer.
 * What was touched is not recorded before a new snapshot shows it.
 */
import postgres, { type Sql } from 'postgres'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readLog } from '../../shared/sync/log/read-log.ts'
import { openLogSession } from '../../shared/sync/log/session.ts'
import { slotName } from '../../shared/sync/log/slot.ts'
import type { LogState } from '../../shared/target/log-control.ts'
import { eventually } from '../support/eventually.ts'
import { startOwnServers } from '../support/project.ts'

describe('a transaction that is committed and not visible', () => {
  let address: string
  let admin: Sql
  let stop: () => Promise<void>
  beforeAll(async () => {
    const servers = await startOwnServers()
    stop = () => servers.stop()
    address = servers.source.url('postgres')
    admin = postgres(address, { max: 4, onnotice: () => undefined })
    await admin`create table item (id int primary key)`
    await admin`create publication pub for table item`
  })
  afterAll(async () => {
    await admin.end()
    await stop()
  })

  const standby = async (names: string) => {
    await admin.unsafe(`alter system set synchronous_standby_names = '${names}'`)
    await admin`select pg_reload_conf()`
    await eventually(async () => {
      const [row] = await admin<
        { set: string }[]
      >`select current_setting('synchronous_standby_names') as set`
      return row!.set === names
    })
  }

  it('is waited for, and not recorded while it is not', async () => {
    const session = openLogSession(address, 30_000)
    const slot = slotName('00000000-0000-0000-0000-000000000001')
    let state: LogState = {
      read_through: null,
      unsettled: null,
      fingerprint: null,
      publication: 'pub',
      entities: [{ id: 'e', source: { schema: 'public', table: 'item' }, key: ['id'] }],
    }
    const wanted: string[] = []
    const books = {
      want: async (name: string) => void wanted.push(name),
      made: async ({
        begins,
        ...made
      }: {
        begins: string
        unsettled: string | null
        fingerprint: string
      }) => {
        state = { ...state, ...made, read_through: begins }
      },
    }
    const look = (within: number) =>
      readLog(session, books, {
        slot,
        state,
        messages: 1000,
        patience: { within_ms: within, every_ms: 10 },
      })
    await look(1000)
    expect(wanted).toEqual([slot])

    await standby('nobody')
    const held = admin`insert into item values (1)`.execute()
    await eventually(async () => {
      const [row] = await admin<{ waits: number }[]>`
        select count(*)::int as waits from pg_stat_activity where wait_event = 'SyncRep'`
      return row!.waits === 1
    })
    // it is in the log, and no row of it can be read
    expect(await admin`select from item`).toHaveLength(0)
    await expect(look(300)).rejects.toMatchObject({ code: 'log_transaction_not_visible' })

    const waiting = look(20_000)
    await standby('')
    await held
    const seen = await waiting
    expect(seen).toMatchObject({ reading: { changes: 1, keys: 1 } })
    expect(await admin`select from item`).toHaveLength(1)
    await session.close()
  })
})
