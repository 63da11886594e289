/** Making a role at the source read-only, and giving it back. */
import type { TransactionSql } from 'postgres'
import { quoteIdent, quoteLiteral } from '../../projection/quote.ts'
import { atSource } from './session.ts'

const setting = 'default_transaction_read_only'

/**
 * New transactions of `role` in this database are read-only from the commit on, and its sessions are ended,
 * because an open one keeps the setting that it began with.
 * @param note puts the former setting on record, between the change and its commit: whatever dies, a freeze
 *   that holds is known, and one that is known is taken back by whoever finds it
 */
export async function freezeRole(
  address: string,
  role: string,
  note: (former: string | null) => Promise<void>,
): Promise<{ readonly ended: number }> {
  await atSource(address, async (tx) => {
    const former = await settingOf(tx, role)
    await alter(tx, role, `set ${setting} = on`)
    await note(former)
  })
  return endSessions(address, role)
}

/** As it was before, for sessions that begin from now on; those of the time of the freeze are ended. */
export async function unfreezeRole(
  address: string,
  role: string,
  former: string | null,
): Promise<{ readonly ended: number }> {
  await atSource(address, (tx) =>
    alter(
      tx,
      role,
      former === null ? `reset ${setting}` : `set ${setting} = ${quoteLiteral(former)}`,
    ),
  )
  return endSessions(address, role)
}

/** What the role has for itself in this database; null where nothing. */
async function settingOf(tx: TransactionSql, role: string): Promise<string | null> {
  const [row] = await tx<{ value: string }[]>`
    select substr(each, length(${setting}::text) + 2) as value
      from pg_catalog.pg_db_role_setting s
      join pg_catalog.pg_database d on d.oid = s.setdatabase and d.datname = pg_catalog.current_database()
      join pg_catalog.pg_roles r on r.oid = s.setrole and r.rolname = ${role}
     cross join lateral unnest(s.setconfig) each
     where each like ${`${setting}=%`}`
  return row?.value ?? null
}

async function alter(tx: TransactionSql, role: string, change: string): Promise<void> {
  const [row] = await tx<{ name: string }[]>`select pg_catalog.current_database()::text as name`
  await tx.unsafe(`alter role ${quoteIdent(role)} in database ${quoteIdent(row!.name)} ${change}`)
}

function endSessions(address: string, role: string): Promise<{ readonly ended: number }> {
  return atSource(address, async (tx) => {
    const [row] = await tx<{ ended: number }[]>`
      select count(*) filter (where pg_catalog.pg_terminate_backend(pid))::int as ended
        from pg_catalog.pg_stat_activity
       where usename = ${role} and datname = pg_catalog.current_database()
         and pid <> pg_catalog.pg_backend_pid()`
    return { ended: row!.ended }
  })
}
