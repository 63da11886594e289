/** What a digest depends on, and what it does not. */
import { randomBytes } from 'node:crypto'
import postgres from 'postgres'
import { describe, expect, it, onTestFinished } from 'vitest'
import { dropDatabase } from '../../../scripts/local/index.ts'
import { columnDigests, type DigestForm, rowDigest } from '../../../shared/projection/digest.ts'
import { pinStatement } from '../../../shared/projection/settings.ts'
import { textFormatSettings } from '../../../shared/projection/text-format.ts'
import { attachServers } from '../../support/project.ts'
import { scratchDatabase } from '../../support/scratch.ts'
import { copiedPair, statementPair } from './rows-pair.ts'

const forms: readonly DigestForm[] = [
  { floatBits: false, encoding: 'UTF8' },
  { floatBits: true, encoding: 'UTF8' },
  { floatBits: true, encoding: 'LATIN1' },
]

/** Values of one type, each unlike all others. */
const values: Readonly<Record<string, readonly string[]>> = {
  text: ['null', `''`, `'null'`, `' '`, `'"'`, `'""'`, `'\\'`, `'é'`, `U&'e\\0301'`, `'(,)'`],
  'double precision': [
    'null',
    '0',
    `'-0'`,
    `'NaN'`,
    `'Infinity'`,
    '0.1',
    '0.1::float8 + 2e-17',
    '5e-324',
    '1e300',
  ],
  real: ['null', '0', `'-0'`, '0.1', '1e-45', `'-Infinity'`],
  'double precision[]': [
    'null',
    `'{}'`,
    `'{0}'`,
    `'{-0}'`,
    `'{null}'`,
    `'{{0}}'`,
    `'{{0},{1}}'`,
    `'{{0,1}}'`,
    `'{0,1}'`,
    `'[2:3]={0,1}'`,
  ],
  point: ['null', `'(0,1)'`, `'(-0,1)'`, `'(1,0)'`],
  'point[]': ['null', `'{}'`, `'{"(0,1)"}'`, `'{"(-0,1)"}'`],
  polygon: [`'((0,0))'`, `'((0,0),(0,0))'`],
  circle: [`'<(0,0),1>'`, `'<(0,-0),1>'`],
}

describe.each(forms)('in the form %j', (form) => {
  it.each(Object.keys(values))('tells values of %s apart', async (type) => {
    const scratch = await scratchDatabase(attachServers().source.url('postgres'))
    onTestFinished(() => scratch.drop())
    const { sql } = scratch
    const rows = values[type]!.map((value, at) => `(${at}, ${value}::${type})`)
    await sql
      .unsafe(`create table t (id integer, v ${type}); insert into t values ${rows.join(', ')}`)
      .simple()
    const columns = [{ name: 'v', type }]
    const digests = await sql.begin(async (tx) => {
      await tx.unsafe(pinStatement(textFormatSettings))
      return tx.unsafe<{ digest: string; columns: readonly string[] }[]>(
        `select ${rowDigest(columns, form)} as digest, ${columnDigests(columns, form)} as columns
         from public.t as source order by id`,
      )
    })
    expect(digests.every(({ digest }) => /^[0-9a-f]{32}$/.test(digest))).toBe(true)
    expect(new Set(digests.map(({ digest }) => digest)).size).toBe(rows.length)
    expect(digests.map(({ columns: [only] }) => only)).toEqual(digests.map(({ digest }) => digest))
  })

  it('counts everything that is not a number as one value', async () => {
    const scratch = await scratchDatabase(attachServers().source.url('postgres'))
    onTestFinished(() => scratch.drop())
    const column = { name: 'v', type: 'double precision' }
    const rows = await scratch.sql.unsafe(
      `select ${rowDigest([column], form)} as digest
       from (values (float8 'NaN'), (float8 'inf' - float8 'inf'), (- float8 'NaN')) as source (v)`,
    )
    expect(new Set(rows.map(({ digest }) => digest)).size).toBe(1)
  })
})

it('does not depend on storage: order of columns, dropped ones, TOAST, and what a session prints', async () => {
  const pair = await statementPair(`
    create table t (gone integer, long text, id integer primary key, gone_too text, f float8, w timestamptz, b bytea, i interval);
    alter table t drop column gone, drop column gone_too; alter table t add column late numeric default 1.50;
    alter table t alter column long set storage external;
    insert into t select repeat(md5(n::text), 300), n, n / 3.0, timestamptz '2024-01-01' + n * interval '1 s', decode(md5(n::text), 'hex'), n * interval '1 day'
      from generate_series(1, 50) n`)
  await pair.target.sql
    .unsafe(`create table other (i interval, late numeric, b bytea, w timestamptz, f float8, id integer primary key, long text compression pglz);
      insert into other (i, late, b, w, f, id, long) select i, late, b, w, f, id, long from t;
      drop table t; alter table other rename to t;
      do $$ begin execute format('alter database %I set datestyle = ''SQL, DMY''', current_database());
        execute format('alter database %I set intervalstyle = ''iso_8601''', current_database());
        execute format('alter database %I set bytea_output = ''escape''', current_database());
        execute format('alter database %I set extra_float_digits = 0', current_database());
        execute format('alter database %I set timezone = ''Asia/Kolkata''', current_database()); end $$`)
    .simple()
  expect((await pair.verify('t')).findings).toEqual([])
  await pair.target.sql`update t set long = long || 'x' where id = 7`
  expect((await pair.verify('t')).findings).toMatchObject([{ key: ['7'], columns: ['long'] }])
})

it('does not depend on the encoding of the database', async () => {
  const server = attachServers().source
  const name = `latin_${randomBytes(4).toString('hex')}`
  const admin = postgres(server.url('postgres'), { max: 1, onnotice: () => undefined })
  await admin.unsafe(
    `create database ${name} encoding 'LATIN1' template template0 locale_provider libc locale 'C'`,
  )
  await admin.end()
  const sql = postgres(server.url(name), { max: 1, onnotice: () => undefined })
  const drop = async () => {
    await sql.end()
    await dropDatabase(server, name)
  }
  await sql
    .unsafe(`create table words (k text primary key, v text); insert into words
      select chr(n) || 'x', chr(n) from generate_series(161, 255) n`)
    .simple()
  const pair = await copiedPair({ name, url: server.url(name), sql, drop })
  onTestFinished(() => pair.drop())
  expect(await pair.verify('words')).toMatchObject({ strategy: 'key', findings: [] })
  const sample = await pair.verify('words', { mode: 'sample' })
  expect(sample.results.sample).toMatchObject({ issues: 0 })
  await pair.target.sql`update words set v = 'y' where k = 'éx'`
  expect((await pair.verify('words')).findings).toMatchObject([{ key: ['éx'], columns: ['v'] }])
})

it('shows names as they are, whatever they are', async () => {
  const pair = await statementPair(
    `create table "source" ("wanted" integer, "source" text, "digest""'\\n" text, "key" jsonb, "place" integer, "k0" text,
       "number" integer, "bits" integer, "ü %s" text, primary key ("wanted", "place"));
     insert into "source" select n, 'a', 'b', '{}', n, 'c', 0, 0, 'd' from generate_series(1, 20) n;
     create table "found" ("hash" text, "digest" text, "bucket" text, "number" text); insert into "found" values ('a', 'b', 'c', 'd')`,
    {
      entities: [
        {
          source: 'public.source',
          target: 'public.Ziel "x"',
          filter: { column: 'wanted', is: '>', value: 5 },
        },
        'public.found',
      ],
    },
  )
  expect(await pair.verify('source')).toMatchObject({ strategy: 'range', findings: [] })
  expect((await pair.verify('source')).results.checksum).toMatchObject({
    source_rows: 15,
    target_rows: 15,
  })
  await pair.target.sql
    .unsafe(`update "Ziel ""x""" set "digest""'\\n" = 'x', "ü %s" = null where wanted = 7;
      insert into "Ziel ""x""" (wanted, place) values (3, 3); delete from "found"`)
    .simple()
  const { findings } = await pair.verify('source', { rowLimit: 4 })
  expect(findings.map(({ kind, key, columns }) => ({ kind, key, columns }))).toEqual([
    { kind: 'extra', key: ['3', '3'], columns: undefined },
    { kind: 'changed', key: ['7', '7'], columns: [`digest"'\\n`, 'ü %s'] },
  ])
  expect((await pair.verify('found')).findings).toMatchObject([{ kind: 'missing' }])
})
