/** Values on their way through a mapping, and the smallest changes that others could make to what came of them. */

interface Cell {
  readonly name: string
  /** Type at the source. */
  readonly type: string
  readonly from: string | null
  /** What the plan makes of it; left out: the column as it is. */
  readonly made?: (column: string) => object
  /** What the target has instead; `undefined`: the change happens at the source. */
  readonly changed?: string | null
  /** What the source has instead. */
  readonly moved?: string | null
}

const cast = (to: string) => (of: string) => ({ op: 'cast', of, to })

export const CELLS: readonly Cell[] = [
  { name: 'small', type: 'smallint', from: '1', changed: '2' },
  { name: 'wide', type: 'bigint', from: '9007199254740993', changed: '9007199254740992' },
  { name: 'counted', type: 'text', from: '007', made: cast('integer'), changed: '8' },
  { name: 'emptied', type: 'text', from: '7', made: cast('integer'), changed: null },
  { name: 'real', type: 'real', from: '0.1', changed: '0.10000001' },
  { name: 'zero', type: 'double precision', from: '-0', changed: '0' },
  { name: 'float', type: 'double precision', from: '0.1', changed: '0.10000000000000002' },
  { name: 'scale', type: 'numeric', from: '1.0', changed: '1.00' },
  { name: 'money', type: 'text', from: '12.5', made: cast('numeric(10,2)'), changed: '12.51' },
  { name: 'fee', type: 'numeric(10,2)', from: '99999999.99', changed: '99999999.98' },
  { name: 'flag', type: 'boolean', from: 'true', changed: 'false' },
  { name: 'unset', type: 'boolean', from: null, changed: 'false' },
  { name: 'blank', type: 'text', from: 'a', changed: 'a ' },
  { name: 'empty', type: 'text', from: '', changed: null },
  { name: 'filled', type: 'text', from: null, changed: '' },
  { name: 'composed', type: 'text', from: 'caf\u00e9', changed: 'cafe\u0301' },
  { name: 'returned', type: 'text', from: 'a\nb', changed: 'a\r\nb' },
  {
    name: 'trimmed',
    type: 'text',
    from: ' a ',
    made: (of) => ({ op: 'trim', of }),
    changed: ' a ',
  },
  {
    name: 'lowered',
    type: 'text',
    from: 'AbC',
    made: (of) => ({ op: 'lower', of }),
    changed: 'AbC',
  },
  {
    name: 'joined',
    type: 'text',
    from: 'x',
    made: (of) => ({ op: 'concat', of: [of, of], separator: '-' }),
    changed: 'x--x',
  },
  {
    name: 'mapped',
    type: 'text',
    from: 'Male',
    made: (of) => ({ op: 'value_map', of, values: { Male: 'm', Female: 'f' } }),
    changed: 'f',
  },
  { name: 'fixed', type: 'character(5)', from: 'ab', changed: 'ac' },
  { name: 'padded', type: 'text', from: 'ab', made: cast('character(5)'), changed: 'abc' },
  { name: 'short', type: 'varchar(5)', from: 'ab', changed: 'ab ' },
  { name: 'bytes', type: 'bytea', from: '\\x00ff', changed: '\\x00fe' },
  { name: 'no_bytes', type: 'bytea', from: '\\x', changed: null },
  { name: 'day', type: 'date', from: '2024-02-29', changed: '2024-03-01' },
  {
    name: 'written_day',
    type: 'text',
    from: '29.02.2024',
    made: (of) => ({ op: 'parse_time', of, format: 'DD.MM.YYYY', to: 'date' }),
    changed: '2024-02-28',
  },
  { name: 'hour', type: 'time', from: '24:00:00', changed: '00:00:00' },
  {
    name: 'moment',
    type: 'timestamptz',
    from: '2024-10-27 00:30:00.000001Z',
    changed: '2024-10-27 00:30:00Z',
  },
  {
    name: 'zoned',
    type: 'timestamp',
    from: '2024-10-27 01:30:00',
    made: (of) => ({ op: 'at_zone', of, zone: 'Europe/Berlin' }),
    changed: '2024-10-27 00:30:00Z',
  },
  { name: 'months', type: 'interval', from: '1 mon', changed: '30 days' },
  { name: 'doc', type: 'json', from: '{"a":1,"b":2}', changed: '{"b":2,"a":1}' },
  { name: 'tree', type: 'jsonb', from: '{"a":1.0}', changed: '{"a":1.00}' },
  {
    name: 'parsed',
    type: 'text',
    from: '{"a": 1}',
    made: (of) => ({ op: 'parse_json', of, to: 'jsonb' }),
    changed: '{"a": "1"}',
  },
  { name: 'null_tree', type: 'jsonb', from: 'null', changed: null },
  { name: 'key', type: 'uuid', from: '00000000-0000-4000-8000-000000000001', changed: null },
  { name: 'numbers', type: 'integer[]', from: '{1,2}', changed: '{2,1}' },
  { name: 'bounds', type: 'integer[]', from: '[2:3]={1,2}', changed: '{1,2}' },
  { name: 'words', type: 'text[]', from: '{"NULL"}', changed: '{NULL}' },
  { name: 'address', type: 'inet', from: '10.0.0.1/32', changed: '10.0.0.1/24' },
  { name: 'bits', type: 'bit(3)', from: '101', changed: '100' },
  { name: 'range', type: 'int4range', from: '[1,5)', changed: '[1,6)' },
  { name: 'mood', type: 'mood', from: 'sad', changed: 'happy' },
  { name: 'code', type: 'code', from: 'ab', changed: 'b' },
  // The other side can change, too.
  { name: 'there_text', type: 'text', from: 'a', moved: 'a ' },
  { name: 'there_scale', type: 'numeric', from: '1.10', moved: '1.1' },
  { name: 'there_cast', type: 'text', from: '7', made: cast('integer'), moved: '8' },
  { name: 'there_null', type: 'text', from: '', moved: null },
  {
    name: 'there_time',
    type: 'timestamptz',
    from: '2024-01-01Z',
    moved: '2024-01-01 00:00:00.000001Z',
  },
  {
    name: 'there_map',
    type: 'text',
    from: 'Male',
    made: (of) => ({ op: 'value_map', of, values: { Male: 'm', Female: 'f' } }),
    moved: 'Female',
  },
]

const literal = (text: string | null) =>
  text === null ? 'null' : `'${text.replaceAll("'", "''")}'`

/** A row a cell, which has only that column filled. */
export function cellTable(): string {
  const columns = CELLS.map(({ name, type }) => `"${name}" ${type}`)
  const rows = CELLS.map(
    ({ name, from }, at) => `insert into cell (id, "${name}") values (${at + 1}, ${literal(from)})`,
  )
  return [`create table cell (id integer primary key, ${columns.join(', ')})`, ...rows].join(';\n')
}

export function cellColumns(): Record<string, string | object> {
  const columns = CELLS.map(({ name, made }) => [name, made === undefined ? name : made(name)])
  return { legacy: 'id', ...Object.fromEntries(columns) }
}

export function cellChanges() {
  return CELLS.map(({ name, changed, moved }, at) => {
    const here = changed !== undefined
    const value = literal((here ? changed : moved) ?? null)
    return {
      side: here ? ('target' as const) : ('source' as const),
      statement: `update cell set "${name}" = ${value} where ${here ? 'legacy' : 'id'} = ${at + 1}`,
      findings: [`changed cell ["${at + 1}"] ${name}`],
    }
  })
}
