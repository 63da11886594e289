/**
 * Looks into the log of a server that is set up for it: a commit that nobody sees yet, because the server waits
 * for a standby that does not answer; a slot that was given up; a log that is longer than may be read.
 */
import postgres, { type Sql } from 'postgres'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { readLog } from '../../shared/sync/log/read-log.ts'
import { openLogSession } from '../../shared/sync/log/session.ts'
import { slotName } from '../../shared/sync/log/slot.ts'
import type { LogState, NewSlot } from '../../shared/target/log-control.ts'
import { eventually } from '../support/eventually.ts'
import { startOwnServers } from '../support/project.ts'

const slot = slotName('00000000-0000-0000-0000-000000000001')

describe('a look into the log', () => {
  let address: string
  let admin: Sql
  let stop: () => Promise<void>
  let state: LogState
  /** Slots that were made, in the books of nobody else. */
  let made: NewSlot[]

  beforeAll(async () => {
    const servers = await startOwnServers()
    stop = () => servers.stop()
    address = servers.source.url('postgres')
    admin = postgres(address, { max: 4, onnotice: () => undefined })
    await admin`create table item (id int primary key)`
    await admin`create publication pub for table item`
    made = []
    state = {
      read_through: null,
      unsettled: null,
      fingerprint: null,
      publication: 'pub',
      entities: [
        { id: 'e', source: { schema: 'public', table: 'item' }, key: ['id'], batch_keys: 100 },
      ],
    }
    await look()
    expect(made).toHaveLength(1)
  })
  afterEach(() => set('synchronous_standby_names', ''))
  afterAll(async () => {
    await admin.end()
    await stop()
  })

  async function look({ within_ms = 1000, statement_ms = 30_000 } = {}) {
    const session = openLogSession(address, statement_ms)
    const books = {
      want: () => Promise.resolve(),
      async made(slot: NewSlot) {
        made.push(slot)
        const { begins, ...rest } = slot
        state = { ...state, ...rest, read_through: begins }
      },
    }
    try {
      const patience = { within_ms, every_ms: 10 }
      const seen = await readLog(session, books, { slot, state, messages: 1_000_000, patience })
      if (seen.halt === undefined) state = { ...state, read_through: seen.reading.read_through }
      return seen
    } finally {
      await session.close()
    }
  }

  async function set(name: string, value: string): Promise<void> {
    await admin.unsafe(`alter system set ${name} = '${value}'`)
    await admin`select pg_reload_conf()`
    await eventually(async () => {
      const [row] = await admin<{ set: string }[]>`select current_setting(${name}) as set`
      return row!.set === value
    })
  }

  const isWaiting = async () => {
    const [row] = await admin<{ waits: number }[]>`
      select count(*)::int as waits from pg_stat_activity where wait_event = 'SyncRep'`
    return row!.waits === 1
  }

  it('waits for a commit that nobody sees yet, and does not record it while it is so', async () => {
    await set('synchronous_standby_names', 'nobody')
    // The checkpointer tells sessions whom to wait for, some time after the setting.
    let inserted = 0
    let held: Promise<unknown> = Promise.resolve()
    let isOver = true
    await eventually(async () => {
      if (isOver) {
        isOver = false
        inserted += 1
        held = admin`insert into item values (${inserted})`.then(() => {
          isOver = true
        })
      }
      return isWaiting()
    })
    // it is in the log, and no row of it can be read
    expect(await admin`select from item`).toHaveLength(inserted - 1)
    await expect(look({ within_ms: 300 })).rejects.toMatchObject({
      code: 'log_transaction_not_visible',
    })
    const waiting = look({ within_ms: 20_000 })
    await set('synchronous_standby_names', '')
    await held
    expect(await waiting).toMatchObject({ reading: { changes: inserted, keys: inserted } })
    expect(await admin`select from item`).toHaveLength(inserted)
    expect(made).toHaveLength(1)
  })

  it('that would take longer than a batch may gives the slot up for a new one', async () => {
    await admin`insert into item select generate_series(1000, 400000)`
    expect(await look({ statement_ms: 150 })).toMatchObject({
      reading: { changes: 0, more: false },
    })
    expect(made).toHaveLength(2)
    await admin`insert into item values (500000)`
    expect(await look()).toMatchObject({ reading: { changes: 1 } })
    expect(made).toHaveLength(2)
  })

  it('notices that the server has given its slot up', async () => {
    await set('max_slot_wal_keep_size', '1MB')
    await admin`insert into item values (600000)`
    await eventually(
      async () => {
        await admin`select pg_switch_wal()`
        await admin`insert into item select max(id) + 1 from item`
        await admin`checkpoint`
        const [row] = await admin<{ status: string }[]>`
          select wal_status as status from pg_replication_slots where slot_name = ${slot}`
        return row!.status === 'lost'
      },
      { what: 'the slot is lost', within: 20_000 },
    )
    await look()
    expect(made).toHaveLength(3)
    await admin`insert into item values (700000)`
    expect(await look()).toMatchObject({
      reading: { changes: 1, facts: { wal_status: 'reserved' } },
    })
  })
})
