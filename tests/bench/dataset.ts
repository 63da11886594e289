/**
 * The rows to be moved: deterministic, made inside the source server, and kept there under a name that
 * tells their parameters, so that the next run finds them.
 */
import postgres, { type Sql } from 'postgres'
import type { Server } from '../../scripts/local/index.ts'

export type Types = 'mixed' | 'text' | 'numbers'

export interface Dataset {
  /** In all tables together. */
  readonly rows: number
  readonly tables: number
  /** Bytes of a row as COPY text, roughly. */
  readonly width: number
  readonly types: Types
}

/** Two million rows in two tables of about 250 bytes: what the goals are set for. */
export const DEFAULT_DATASET: Dataset = { rows: 2_000_000, tables: 2, width: 250, types: 'mixed' }

export function databaseName({ rows, tables, width, types }: Dataset): string {
  return `bench_${types}_${rows}_${tables}_${width}`
}

interface Shape {
  readonly columns: string
  /** Expressions over `n`, the row's number, in the order of the columns. */
  readonly values: string
  /** Bytes of a row of COPY text without its filler. */
  readonly fixedBytes: number
  readonly indexes: readonly string[]
}

const SHAPES: Readonly<Record<Types, Shape>> = {
  mixed: {
    columns: `reference uuid not null, state text not null, amount numeric(12,2), quantity integer,
      created_at timestamptz not null, is_active boolean not null, details jsonb not null, note text`,
    values: `md5(n::text)::uuid, (array['open','held','paid','void'])[1 + n % 4],
      (n * 7919 % 10000000) / 100.0, n % 1000,
      timestamptz '2020-01-01 00:00Z' + n * interval '37 seconds', n % 3 = 0,
      jsonb_build_object('line', n % 97, 'tag', 'k' || n % 13)`,
    fixedBytes: 128,
    indexes: ['created_at', 'state, amount'],
  },
  text: {
    columns: 'code text not null, name text not null, city text, note text',
    values: `'c' || lpad(n::text, 10, '0'), 'name ' || md5(n::text), 'city ' || n % 500`,
    fixedBytes: 75,
    indexes: ['code', 'city'],
  },
  numbers: {
    columns: 'a bigint, b bigint, c integer, d double precision, e numeric, f real, note text',
    values: 'n * 7919, n % 100000, (n % 2000)::integer, n / 7.0, n * 1.25, (n % 77)::real',
    fixedBytes: 70,
    indexes: ['b', 'c, d'],
  },
}

/** Makes the source database where it is missing. */
export async function ensureDataset(source: Server, dataset: Dataset): Promise<string> {
  const name = databaseName(dataset)
  const admin = connect(source, 'postgres')
  try {
    const [found] = await admin`select from pg_database where datname = ${name}`
    if (found) return name
    await admin.unsafe(`drop database if exists ${name}_making with (force)`)
    await admin.unsafe(`create database ${name}_making template template0`)
    await fill(source, `${name}_making`, dataset)
    await admin.unsafe(`alter database ${name}_making rename to ${name}`)
  } finally {
    await admin.end()
  }
  return name
}

async function fill(source: Server, database: string, dataset: Dataset): Promise<void> {
  const sql = connect(source, database)
  try {
    for (let first = 0; first < dataset.tables; first += 100) {
      const last = Math.min(dataset.tables, first + 100)
      const numbers = Array.from({ length: last - first }, (_, at) => first + at)
      await sql.unsafe(numbers.map((number) => tableStatements(dataset, number)).join('\n'))
    }
    await sql`vacuum (analyze)`
    await sql`checkpoint`
  } finally {
    await sql.end()
  }
}

export function rowsOf({ rows, tables }: Dataset, number: number): number {
  return Math.floor(rows / tables) + (number < rows % tables ? 1 : 0)
}

/** Every second table refers to the one before it. */
function isChild(number: number): boolean {
  return number % 2 === 1
}

/** The tables alone, with or without their primary keys. */
export function schemaStatements(dataset: Dataset, keyed: boolean): string[] {
  return Array.from({ length: dataset.tables }, (_, number) =>
    createTable(dataset, number, keyed ? ' primary key' : ' not null'),
  )
}

function createTable({ types }: Dataset, number: number, key: string): string {
  const parent = isChild(number) ? ', parent_id bigint not null' : ''
  return `create table item_${number} (id bigint${key}${parent}, ${SHAPES[types].columns});`
}

function tableStatements(dataset: Dataset, number: number): string {
  const { rows, tables, width, types } = dataset
  const { values, fixedBytes, indexes } = SHAPES[types]
  const name = `item_${number}`
  const filler = Math.max(0, width - fixedBytes)
  const note = `left(repeat(md5((n * 31)::text), ${Math.ceil(filler / 32)}), ${filler})`
  const parentKey = `1 + n * 7 % greatest(1, ${Math.floor(rows / tables)})`
  const child = isChild(number)
  return `
    ${createTable(dataset, number, ' not null')}
    insert into ${name} select n${child ? `, ${parentKey}` : ''}, ${values}, ${note}
      from generate_series(1, ${rowsOf(dataset, number)}::bigint) n;
    alter table ${name} add primary key (id);
    ${indexes.map((list) => `create index on ${name} (${list});`).join('\n    ')}
    ${
      child
        ? `create index on ${name} (parent_id);
    alter table ${name} add foreign key (parent_id) references item_${number - 1};`
        : ''
    }`
}

export function connect(server: Server, database: string): Sql {
  return postgres(server.url(database), {
    ssl: false,
    max: 1,
    prepare: false,
    onnotice: () => undefined,
    connection: { application_name: 'bench', statement_timeout: 0 },
  })
}
