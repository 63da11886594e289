/** Changes of one value each, as small as its type allows: many of them are equal for its own operator. */

type Cell = readonly [type: string, before: string | null, after: string | null]

/** What others than the migration could leave in a field instead of what was there. */
export const CELLS: readonly Cell[] = [
  ['smallint', '1', '2'],
  ['integer', '1', '-1'],
  ['integer', '0', null],
  ['bigint', '9007199254740993', '9007199254740992'],
  ['real', '0.1', '0.10000001'],
  ['real', '-0', '0'],
  ['double precision', '-0', '0'],
  ['double precision', '0', '-0'],
  ['double precision', '0.1', '0.10000000000000002'],
  ['double precision', '5e-324', '0'],
  ['double precision', 'NaN', 'Infinity'],
  ['numeric', '1.0', '1.00'],
  ['numeric', '1.10', '1.1'],
  ['numeric', '1e-300', '0'],
  ['numeric', '12345678901234567890.1', '12345678901234567890.2'],
  ['numeric', 'NaN', null],
  ['money', '1234.50', '1234.51'],
  ['boolean', 'true', 'false'],
  ['boolean', null, 'false'],
  ['text', '', null],
  ['text', null, ''],
  ['text', 'NULL', null],
  ['text', 'a', 'a '],
  ['text', 'a', 'A'],
  ['text', 'caf\u00e9', 'cafe\u0301'],
  ['text', 'e\u0301', '\u00e9'],
  ['text', 'a', '\u0430'],
  ['text', 'ab', 'a\u200bb'],
  ['text', 'a\nb', 'a\r\nb'],
  ['text', '\\N', '\\\\N'],
  ['text', 'a"b', 'a""b'],
  ['text', 'a,b', 'a","b'],
  ['text', '(a)', 'a'],
  ['text', '\u{1f600}', '\ufffd'],
  ['varchar(9)', 'x', 'y'],
  ['character(5)', 'ab', 'ac'],
  ['name', 'a', 'b'],
  ['citext', 'AbC', 'abc'],
  ['bytea', '\\x00ff', '\\x00fe'],
  ['bytea', '\\x', null],
  ['bytea', '\\x', '\\x00'],
  ['date', '2024-02-29', '2024-03-01'],
  ['date', 'infinity', '-infinity'],
  ['time', '24:00:00', '00:00:00'],
  ['timetz', '12:00:00+00', '13:00:00+01'],
  ['timestamp', '2024-01-02 03:04:05.123456', '2024-01-02 03:04:05.123457'],
  ['timestamptz', '2024-10-27 00:30:00.000001Z', '2024-10-27 00:30:00Z'],
  ['timestamptz', '2024-10-27 00:30:00Z', '2024-10-27 01:30:00Z'],
  ['timestamptz', 'infinity', '294276-12-31 23:59:59.999999Z'],
  ['interval', '1 mon', '30 days'],
  ['interval', '1 day', '24:00:00'],
  ['json', '{"a":1}', '{"a": 1}'],
  ['json', '{"a":1,"b":2}', '{"b":2,"a":1}'],
  ['json', '{"a":1,"a":2}', '{"a":2}'],
  ['jsonb', '{"a":1.0}', '{"a":1.00}'],
  ['jsonb', '9007199254740993', '9007199254740992'],
  ['jsonb', '1', '"1"'],
  ['jsonb', 'null', null],
  ['jsonb', '[]', '{}'],
  ['xml', '<a/>', '<a></a>'],
  ['uuid', '00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000002'],
  ['inet', '10.0.0.1/32', '10.0.0.1/24'],
  ['cidr', '10.0.0.0/8', '10.0.0.0/9'],
  ['macaddr8', '08:00:2b:01:02:03:04:05', '08:00:2b:01:02:03:04:06'],
  ['bit(3)', '101', '100'],
  ['varbit', '1', '10'],
  ['varbit', '', null],
  ['point', '(1,-0)', '(1,0)'],
  ['path', '((0,0),(1,1))', '[(0,0),(1,1)]'],
  ['polygon', '((0,0),(0,1),(1,1))', '((0,1),(1,1),(0,0))'],
  ['int4range', '[1,5)', '[1,6)'],
  ['int4range', 'empty', null],
  ['numrange', '[1.0,2]', '[1.00,2]'],
  ['nummultirange', '{[1,2),[3,4)}', '{[1,2)}'],
  ['tsvector', "'a':1A", "'a':1B"],
  ['oid', '0', '4294967295'],
  ['integer[]', '{1,2}', '{2,1}'],
  ['integer[]', '[2:3]={1,2}', '{1,2}'],
  ['integer[]', '{NULL}', '{}'],
  ['integer[]', '{}', null],
  ['integer[]', '{{1,2}}', '{1,2}'],
  ['text[]', '{"NULL"}', '{NULL}'],
  ['text[]', '{ab,c}', '{a,bc}'],
  ['text[]', '{"a,b"}', '{a,b}'],
  ['double precision[]', '{-0}', '{0}'],
  ['mood', 'sad', 'happy'],
  ['mood[]', '{sad,fine}', '{fine,sad}'],
  ['short', 'ab', 'a'],
  ['pair', '(1,)', '(1,"")'],
  ['pair', '(1,"a,b")', '(1,"a,c")'],
  ['pair[]', '{"(1,x)"}', '{"(1,y)"}'],
]

const literal = (text: string | null) =>
  text === null ? 'null' : `'${text.replaceAll("'", "''")}'`
const quoted = (name: string) => `"${name}"`

/** One column a type, named like it; one row a change. */
export function cellTable(): string {
  const types = [...new Set(CELLS.map(([type]) => type))]
  const columns = types.map((type) => `${quoted(type)} ${type}`)
  const rows = CELLS.map(([type, before], at) =>
    before === null
      ? `insert into cell (id) values (${at + 1})`
      : `insert into cell (id, ${quoted(type)}) values (${at + 1}, ${literal(before)})`,
  )
  return [`create table cell (id integer primary key, ${columns.join(', ')})`, ...rows].join(';\n')
}

/** Where both ends of a change are the same for the other side, one in three happens at the source. */
export function cellChanges() {
  return CELLS.map(([type, , after], at) => ({
    side: at % 3 === 2 ? ('source' as const) : ('target' as const),
    statement: `update cell set ${quoted(type)} = ${literal(after)} where id = ${at + 1}`,
    findings: [`changed cell ["${at + 1}"] ${type}`],
  }))
}
