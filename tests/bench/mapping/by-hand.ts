/**
 * The mapped clone as it is done by hand today: foreign tables of postgres_fdw in the target, and one
 * transaction of set-based SQL, each index built when its table is full.
 */
import { entityNamespace } from '../../../shared/projection/name-uuid.ts'
import { connect, type Dataset } from '../dataset.ts'
import { type BenchServers, CLIENT_ENVIRONMENT } from '../servers.ts'

/** Name that both ways give the source system: their UUIDs are the same. */
export const SYSTEM = 'bench'

const EXTENSIONS = ['postgres_fdw', 'uuid-ossp']

export interface ByHandStep {
  readonly part: 'map' | 'rows' | 'indexes' | 'foreign key' | 'rest'
  readonly statement: string
}

/** Milliseconds, by part. */
export type ByHandTimes = Readonly<Record<ByHandStep['part'], number>>

export interface SourceAddress {
  readonly port: number
  readonly database: string
}

/** Why it cannot run here; undefined where it can. */
export async function byHandAbsent({ target }: BenchServers): Promise<string | undefined> {
  const sql = connect(target, 'postgres')
  try {
    const found = await sql<{ name: string }[]>`
      select name from pg_available_extensions where name = any (${EXTENSIONS})`
    const missing = EXTENSIONS.filter((each) => !found.some(({ name }) => name === each))
    if (missing.length === 0) return undefined
    return `${missing.join(' and ')} not installed (Debian package postgresql-15)`
  } finally {
    await sql.end()
  }
}

/** Runs the script against an empty database of the target. */
export async function runByHand(
  { target }: BenchServers,
  database: string,
  source: SourceAddress,
): Promise<ByHandTimes> {
  const sql = connect(target, database)
  const times = { map: 0, rows: 0, indexes: 0, 'foreign key': 0, rest: 0 }
  try {
    for (const { part, statement } of byHandSteps(source)) {
      const began = performance.now()
      await sql.unsafe(statement)
      times[part] += performance.now() - began
    }
  } finally {
    await sql.end()
  }
  return times
}

/** @throws Error for a dataset that it is not written for */
export function requireMixedPair({ tables, types }: Dataset): void {
  if (tables !== 2 || types !== 'mixed') {
    throw new Error('The script by hand is written for two tables of mixed types.')
  }
}

/** Columns that both tables have beside their keys, and their secondary indexes. */
const COLUMNS = `reference uuid not null, state text not null, amount numeric(12,2), quantity integer,
  created_at timestamptz not null, is_active boolean not null, details jsonb not null, note text`
const NAMES = 'reference, state, amount, quantity, created_at, is_active, details, note'

export function byHandSteps({ port, database }: SourceAddress): ByHandStep[] {
  const id = (table: string, row: string) =>
    `uuid_generate_v3('${entityNamespace(SYSTEM, `public.${table}`)}', ${row}.id::text)`
  const child = NAMES.replaceAll(/\w+/g, 'f.$&')
  const mapped = (table: string): ByHandStep => ({
    part: 'map',
    statement: `insert into id_map select 'public.${table}', f.id::text, ${id(table, 'f')} from legacy.${table} f`,
  })
  return [
    {
      part: 'rest',
      statement: `
        begin;
        -- enough to hash a million rows of the map at once
        set local work_mem = '256MB';
        create extension postgres_fdw;
        create extension "uuid-ossp";
        create server legacy foreign data wrapper postgres_fdw
          options (host '127.0.0.1', port '${port}', dbname '${database}', fetch_size '10000');
        create user mapping for current_user server legacy
          options (user 'postgres', password '${CLIENT_ENVIRONMENT.PGPASSWORD}');
        create schema legacy;
        import foreign schema public from server legacy into legacy;
        create table id_map (source_table text not null, source_key text collate "C" not null, target_id uuid not null);
        create table item_0 (id uuid not null, ${COLUMNS});
        create table item_1 (id uuid not null, parent_id uuid not null, ${COLUMNS});`,
    },
    mapped('item_0'),
    mapped('item_1'),
    { part: 'map', statement: 'analyze id_map' },
    {
      part: 'rows',
      statement: `insert into item_0 (id, ${NAMES}) select ${id('item_0', 'f')}, ${child} from legacy.item_0 f`,
    },
    {
      part: 'rows',
      statement: `insert into item_1 (id, parent_id, ${NAMES})
        select ${id('item_1', 'f')}, m.target_id, ${child}
          from legacy.item_1 f
          join id_map m on m.source_table = 'public.item_0' and m.source_key = f.parent_id::text`,
    },
    { part: 'indexes', statement: 'alter table id_map add primary key (source_table, source_key)' },
    ...['item_0', 'item_1'].flatMap((table): ByHandStep[] => [
      { part: 'indexes', statement: `alter table ${table} add primary key (id)` },
      { part: 'indexes', statement: `create index on ${table} (created_at)` },
      { part: 'indexes', statement: `create index on ${table} (state, amount)` },
    ]),
    { part: 'indexes', statement: 'create index on item_1 (parent_id)' },
    { part: 'rest', statement: 'analyze item_0, item_1' },
    {
      part: 'foreign key',
      statement: 'alter table item_1 add foreign key (parent_id) references item_0',
    },
    { part: 'rest', statement: 'commit' },
  ]
}
