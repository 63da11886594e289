/** Tables, columns, types and keys with names that are made to break out of whatever they are put into. */
import type { Sql } from 'postgres'
import { quoteIdent, quoteLiteral } from '../../shared/projection/quote.ts'

export const HOSTILE = [
  `x"; drop table victim.y; --`,
  `x'; drop table victim.y; --`,
  '%s %I %L $1 $2',
  '%1$s %2$I %%',
  '__proto__',
  'constructor',
  `\\'\\" E'\\n'`,
  'r.c0 your.code t.r.c',
  '$body$ begin; $body$',
  'naïve 表 🐘',
  `${'ä'.repeat(31)}z`,
  'S0',
  'ctid2',
  'refused',
  '{"a": [1]} ]]> */ /*',
  'new\nline\ttab',
] as const

/** A key whose texts are hostile, too. */
export const KEYS = [
  `'); drop table victim.y; --`,
  `"; drop table victim.y; --`,
  '%s%n$1',
  '\\x00 \\N \\.',
  '["a"]',
  '{}',
  'null',
  '',
  ' ',
  'a\tb\nc',
] as const

const q = quoteIdent

/**
 * A parent with a whole number as its key, a child with a text as its own, and a grandchild with a key of
 * two columns. Every table, column, type and constraint is called something hostile.
 */
export async function fillHostile(source: Sql, schema: string): Promise<void> {
  const table = (at: number) => `${q(schema)}.${q(HOSTILE[at]!)}`
  const columns = HOSTILE.slice(5).map((name) => `${q(name)} text`)
  const values = HOSTILE.slice(5).map((name, at) => `${quoteLiteral(name)} || n || ${at}`)
  await source.unsafe(`
    create schema ${q(schema)};
    create type ${q(schema)}.${q(HOSTILE[1])} as enum (${quoteLiteral(HOSTILE[2])}, ${quoteLiteral(HOSTILE[1])});
    create domain ${q(schema)}.${q(HOSTILE[3])} as varchar(30);
    create table ${table(0)} (
      ${q(HOSTILE[2])} integer constraint ${q(HOSTILE[3])} primary key,
      ${q(HOSTILE[1])} ${q(schema)}.${q(HOSTILE[1])},
      ${q(HOSTILE[4])} ${q(schema)}.${q(HOSTILE[3])}, ${columns.join(', ')});
    insert into ${table(0)} select n, ${quoteLiteral(HOSTILE[2])}, 'd' || n, ${values.join(', ')} from generate_series(1, 30) n;
    create table ${table(2)} (
      ${q(HOSTILE[7])} text primary key, ${q(HOSTILE[0])} integer references ${table(0)} (${q(HOSTILE[2])}),
      ${q(HOSTILE[2])} text, ${q(HOSTILE[4])} text unique);
    insert into ${table(2)} select k, n, '%s' || n, k || '%I'
      from unnest(array[${KEYS.map(quoteLiteral).join(', ')}]) with ordinality x(k, n);
    create table ${table(4)} (
      ${q(HOSTILE[3])} text, ${q(HOSTILE[6])} integer, ${q(HOSTILE[0])} text references ${table(2)} (${q(HOSTILE[7])}),
      ${q(HOSTILE[4])} text, primary key (${q(HOSTILE[3])}, ${q(HOSTILE[6])}));
    insert into ${table(4)} select k, n, k, '%L' || n
      from unnest(array[${KEYS.map(quoteLiteral).join(', ')}]) with ordinality x(k, n);
    grant usage on schema ${q(schema)} to public;
    grant select on all tables in schema ${q(schema)} to public`)
}
