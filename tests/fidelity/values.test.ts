/** Values that others change on the way: read by a role whose settings would print them in another form. */
import { randomBytes } from 'node:crypto'
import postgres from 'postgres'
import { afterAll, describe, expect, it } from 'vitest'
import { dropDatabase } from '../../scripts/local/index.ts'
import { assertExactCounters } from '../support/counters.ts'
import { assertExactCopy } from '../support/oracle.ts'
import { testProject } from '../support/project.ts'
import { emptyTarget, ended, errorsOf, move, start } from './move.ts'

const VALUES = `
  create extension citext;
  create type pair as (a integer, b text); create type mood as enum ('z', 'a', 'm');
  create domain short as varchar(5) check (value <> 'x');
  create table times (id serial primary key, d date, t time, z timetz, s timestamp, w timestamptz, i interval);
  insert into times (d, t, z, s, w, i) values
    ('infinity', '24:00:00', '24:00:00+14', '-infinity', 'infinity', '1 mon -3 days 00:00:00.000001'),
    ('0044-03-15 BC', '00:00:00.000001', '23:59:59.999999-12', '0050-01-01 00:00:00.123456', '4713-01-01 BC', '-178000000 years'),
    ('0050-12-31', null, '12:00:00+05:30', '294276-12-31 23:59:59.999999', '2024-10-27 01:30:00+01', '30 days'),
    ('2024-02-01', '01:02:03', null, '2024-01-02 03:04:05', '1900-01-01', '1 year 2 mons 3 days 04:05:06.789');
  create table documents (id serial primary key, j json, b jsonb, x xml);
  insert into documents (j, b, x) values
    ('{"b":1,  "a":1, "a":2, "n":1.0}', '{"n":9007199254740993,"e":1e400,"d":1.0}', '<a>&lt;</a>'),
    ('"\\u0000"', '"\\ud83d\\ude00"', null), ('null', 'null', ''), (null, null, null);
  create table numbers (id serial primary key, n numeric, m numeric(12,3), f float8, r float4, c money, o oid, b bit(3), v varbit);
  insert into numbers (n, m, f, r, c, o, b, v) values
    ('NaN', 1.100, 'NaN', 'NaN', -0.01, 4294967295, b'101', b''), ('Infinity', 'NaN', '-0', '-0', '92233720368547758.07', 0, b'000', b'1'),
    ('-Infinity', null, 5e-324, 1e-45, 1234.5, null, null, b'0101'), (1e-300, 0.000, 0.1::float8 + 0.2, 0.1, 0, 1, b'111', null),
    (1.10, -1.500, 1.7976931348623157e308, 3.4028235e38, null, null, null, null);
  create table "__proto__" ("constructor" text primary key, "hasOwnProperty" bytea, "a""b'c\\n
d" text, "ü€😀" integer, " " boolean);
  insert into "__proto__" values (E'\\t\\n\\\\', '\\x00ff5c2754', '\\.', 1, true), ('NULL', '', '\\N', null, null), ('', null, 'null', 0, false), ('€😀', '\\x09', E'\\r', -1, null);
  create table shapes (id serial primary key, a integer[], t text[], p pair, ps pair[], m mood, ms mood[], s short, c char(5), n name,
    ts tsvector, i inet, k macaddr8, r int4range, mr nummultirange, g point, l path, e citext);
  insert into shapes (a, t, p, ps, m, ms, s, c, n, ts, i, k, r, mr, g, l, e) values
    ('[2:4]={1,null,3}', '{"NULL",null,"","a,b","\\\\"}', row(null, 'x,"y'), array[row(1, null)::pair, null], 'm', '{z,a}', 'ab ', 'ab', 'n', 'a:1A b:2', '::1/64', '08:00:2b:01:02:03:04:05', '[1,5)', '{[1,2),(3,)}', '(1e300,-0)', '((0,0),(1,1))', 'AbC'),
    ('{}', '[0:0]={x}', row(1, ''), '{}', 'z', '[-1:0]={m,m}', '', '', '', '', '10.0.0.0/8', null, 'empty', '{}', null, '[(0,0)]', ''),
    ('{{1,2},{3,4}}', null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null);
  create table by_icu (k text collate "de-x-icu" primary key); create table by_citext (k citext primary key, n integer);
  insert into by_icu select x || n from unnest(array['a','A','ä','Ä','z','Z','_','é','ß']) x, generate_series(1, 9) n;
  insert into by_citext select chr(65 + n % 26 + n % 2 * 32) || n, n from generate_series(1, 300) n;
`

describe('values', async () => {
  const { project, servers, targetUrl, sourceUrl } = await testProject({ faults: {} })
  const role = `odd_${randomBytes(4).toString('hex')}`
  const admin = postgres(sourceUrl, { max: 1, onnotice: () => undefined })
  await admin.unsafe(VALUES).simple()
  await admin
    .unsafe(`
    create role ${role} login password '${role}' bypassrls in role pg_read_all_data;
    alter role ${role} set bytea_output = 'escape'; alter role ${role} set datestyle = 'SQL, DMY';
    alter role ${role} set intervalstyle = 'sql_standard'; alter role ${role} set extra_float_digits = 0;
    alter role ${role} set timezone = 'Asia/Kolkata'; alter role ${role} set search_path = 'pg_catalog';
    alter role ${role} set client_encoding = 'LATIN1'; alter role ${role} set quote_all_identifiers = on`)
    .simple()
  const databases: string[] = []
  const asRole = (database: string) => {
    const url = new URL(servers.source.url(database))
    url.username = role
    url.password = role
    return url.href
  }
  const own = new URL(sourceUrl).pathname.slice(1)

  /** A database in another encoding, filled by statements in that encoding. */
  async function encoded(encoding: string, script: string): Promise<string> {
    const name = `encoded_${randomBytes(4).toString('hex')}`
    databases.push(name)
    await admin.unsafe(
      `create database ${name} encoding '${encoding}' template template0 locale_provider libc locale 'C'`,
    )
    const sql = postgres(servers.source.url(name), { max: 1, onnotice: () => undefined })
    await sql.unsafe(script).simple()
    await sql.end()
    return name
  }

  afterAll(async () => {
    for (const name of databases) await dropDatabase(servers.source, name)
    await admin.unsafe(`drop role ${role}`)
    await admin.end()
  })

  it.each([
    { lanes: 1, batch_rows: 500 },
    { lanes: 4, batch_rows: 7 },
  ])('arrive as they are, whatever the role prints: %j', async (settings) => {
    await emptyTarget(targetUrl, ['public'])
    const id = await move({ project, targetUrl, source: asRole(own), plan: { settings } })
    const compared = await assertExactCopy({ source: sourceUrl, target: targetUrl })
    expect(compared).toMatchObject({ tables: 7, rows: 4 + 4 + 5 + 4 + 3 + 81 + 300 })
    await assertExactCounters(targetUrl, id)
  })

  it('of a LATIN1 database arrive in UTF-8', async () => {
    await emptyTarget(targetUrl, ['public'])
    const script = `create table words (k text primary key, v varchar(3)); insert into words select chr(n) || 'x', chr(n) from generate_series(161, 255) n`
    const name = await encoded('LATIN1', script)
    await move({ project, targetUrl, source: asRole(name) })
    const compared = await assertExactCopy({
      source: servers.source.url(name),
      target: targetUrl,
    })
    expect(compared.rows).toBe(95)
  })

  it('that are no UTF-8 are refused by name, and never replaced', async () => {
    await emptyTarget(targetUrl, ['public'])
    const script = `create table words (k integer primary key, v text); insert into words values (1, 'plain'), (2, E'caf\\xe9')`
    const name = await encoded('SQL_ASCII', script)
    const id = await start({ project, targetUrl, source: asRole(name) })
    expect(await ended(targetUrl, id)).toMatchObject({ status: 'failed' })
    const [error] = await errorsOf(targetUrl, id)
    expect(error).toMatchObject({ sqlstate: '22021' })
    expect(error?.error_message).not.toContain('caf')
    const target = postgres(targetUrl, { max: 1 })
    expect(await target`select * from public.words where v like ${'%\uFFFD%'}`).toEqual([])
    await target.end()
  })
})
