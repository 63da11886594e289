/** Servers and roles with few connections left, for real. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import postgres, { type Sql } from 'postgres'
import { onTestFinished } from 'vitest'
import type { Scratch } from '../support/scratch.ts'

const connect = (url: string) =>
  postgres(url, { max: 1, idle_timeout: 0, onnotice: () => undefined })

/** Looks in a row at which the number is the same: by then whoever left before is gone. */
const STEADY = 5

/**
 * Holds sessions of a server until ordinary roles can open just `free` more; lets go after the test.
 * @param url as a superuser, on a server that nobody else uses meanwhile
 */
export async function leaveFree(url: string, free: number): Promise<void> {
  const admin = connect(url)
  const held = [admin]
  onTestFinished(async () => {
    await Promise.all(held.map((sql) => sql.end({ timeout: 1 })))
  })
  for (let steady = 0; steady < STEADY; await sleep(20)) {
    const more = (await leftOn(admin)) - free
    steady = more === 0 ? steady + 1 : 0
    for (let n = 0; n < more; n++) {
      const sql = connect(url)
      held.push(sql)
      await sql`select 1`
    }
    for (let n = more; n < 0 && held.length > 1; n++) await held.pop()?.end({ timeout: 1 })
  }
}

async function leftOn(sql: Sql): Promise<number> {
  const [row] = await sql<{ left: number }[]>`
    select current_setting('max_connections')::integer - current_setting('superuser_reserved_connections')::integer
             - (select count(*) from pg_stat_activity where backend_type = 'client backend')::integer as left`
  return row!.left
}

/**
 * The address of a role that owns a database, reads everything, and may connect only so often; gone
 * after the test.
 */
export async function limitedRole(database: Scratch, limit: number): Promise<string> {
  const role = `limited_${randomUUID().slice(0, 8)}`
  const { sql, name } = database
  const [before] = await sql<{ owner: string }[]>`
    select datdba::regrole::text as owner from pg_database where datname = current_database()`
  await sql.unsafe(`create role ${role} login password '${role}' connection limit ${limit}`)
  await sql.unsafe(`grant pg_read_all_data to ${role}`)
  await sql.unsafe(`alter database ${name} owner to ${role}`)
  onTestFinished(async () => {
    await sql.unsafe(`reassign owned by ${role} to ${before!.owner}`)
    await sql.unsafe(`drop owned by ${role}`)
    await sql.unsafe(`drop role ${role}`)
  })
  const address = new URL(database.url)
  address.username = role
  address.password = role
  return address.href
}

export interface Knocking {
  /** How often a connection was asked for, and how often it was refused, until now. */
  end(): Promise<{ tries: number; refused: number }>
}

/** Connects again and again, as others do while a migration runs. */
export function knock(url: string): Knocking {
  let isOver = false
  let tries = 0
  let refused = 0
  const knocking = (async () => {
    while (!isOver) {
      const sql = connect(url)
      tries++
      await sql`select 1`.catch(() => refused++)
      await sql.end({ timeout: 1 })
    }
  })()
  return {
    async end() {
      isOver = true
      await knocking
      return { tries, refused }
    },
  }
}
