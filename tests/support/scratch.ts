/** Empty databases for tests that need a plain PostgreSQL and no project. */
import { randomUUID } from 'node:crypto'
import postgres, { type Sql } from 'postgres'

export interface Scratch {
  readonly name: string
  readonly url: string
  /** One connection, as the owner. */
  readonly sql: Sql
  drop(): Promise<void>
}

/** @param address of any database on the server, as a role that may create databases */
export async function scratchDatabase(address: string): Promise<Scratch> {
  const name = `scratch_${randomUUID().replaceAll('-', '')}`
  await administer(address, (admin) => admin`create database ${admin(name)}`)
  const url = new URL(address)
  url.pathname = `/${name}`
  const sql = postgres(url.href, { max: 1, onnotice: () => undefined })
  const drop = async () => {
    await sql.end({ timeout: 1 })
    await administer(address, (admin) => admin`drop database if exists ${admin(name)} with (force)`)
  }
  return { name, url: url.href, sql, drop }
}

async function administer(address: string, work: (admin: Sql) => PromiseLike<unknown>) {
  const admin = postgres(address, { max: 1, onnotice: () => undefined })
  try {
    await work(admin)
  } finally {
    await admin.end()
  }
}
