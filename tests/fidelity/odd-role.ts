/** A role that reads a legacy database, and whose session defaults print, parse and find things otherwise. */
import { randomBytes } from 'node:crypto'
import postgres, { type Sql } from 'postgres'

export interface OddRole {
  /** The database as this role. */
  readonly address: string
  readonly name: string
  drop(): Promise<void>
}

/** Milliseconds that a statement of the role may take by default. */
export const ODD_TIMEOUT = 400

const SETTINGS: Readonly<Record<string, string>> = {
  bytea_output: 'escape',
  datestyle: 'SQL, DMY',
  intervalstyle: 'sql_standard',
  extra_float_digits: '-5',
  timezone: 'Asia/Kathmandu',
  standard_conforming_strings: 'off',
  statement_timeout: String(ODD_TIMEOUT),
}

/** First in the role's search path, with an empty relation for those of the catalog's that are read most. */
const SCHEMA = 'odd'
const SHADOWED = ['pg_class', 'pg_namespace', 'pg_type', 'pg_constraint', 'pg_index']

/** @param address of the database, as its superuser */
export async function oddRole(address: string): Promise<OddRole> {
  const name = `odd_${randomBytes(4).toString('hex')}`
  const admin = postgres(address, { max: 1, onnotice: () => undefined })
  const settings = { ...SETTINGS, lc_monetary: await monetaryLocale(admin) }
  await admin.unsafe(
    `create role ${name} login password '${name}' bypassrls in role pg_read_all_data;
     alter role ${name} set search_path = ${SCHEMA}, pg_catalog;
     ${Object.entries(settings)
       .map(([setting, value]) => `alter role ${name} set ${setting} = '${value}';`)
       .join('\n')}
     create schema if not exists ${SCHEMA};
     ${SHADOWED.map(
       (relation) => `create or replace view ${SCHEMA}.${relation} as
         select * from pg_catalog.${relation} where false;`,
     ).join('\n')}`,
  )
  const url = new URL(address)
  url.username = name
  url.password = name
  const drop = async () => {
    await admin`drop role ${admin(name)}`.finally(() => admin.end())
  }
  return { address: url.href, name, drop }
}

/** One that prints money with another symbol, where the server's machine has any. */
async function monetaryLocale(admin: Sql): Promise<string> {
  for (const locale of ['ja_JP.utf8', 'de_DE.utf8', 'en_US.utf8', 'en_GB.utf8']) {
    const accepted = await admin`select set_config('lc_monetary', ${locale}, false)`.catch(() => [])
    if (accepted.length > 0) return locale
  }
  return 'C.UTF-8'
}

/** What a session of the role prints, finds and outlasts: a witness that its defaults are in force. */
export async function oddities({ address }: OddRole) {
  const sql = postgres(address, { max: 1, onnotice: () => undefined })
  try {
    const [printed] = await sql`
      select date '2001-02-03'::text as date, '\\\\000'::bytea::text as bytea,
             interval '1 month'::text as interval, (0.1::float8 + 0.2)::text as float,
             (select count(*)::int from pg_class) as relations`
    const slow = await sql`select pg_sleep(${(2 * ODD_TIMEOUT) / 1000})`.catch(
      (error) => error.code,
    )
    return { ...printed, slow }
  } finally {
    await sql.end()
  }
}
