/** Tables with each kind of key, and what can happen to a row of them: changed, gone, new in each place. */

/** Keys as both servers print them. */
interface Keyed {
  readonly name: string
  readonly key: readonly string[]
  /** How the two sides are compared; the verification says which it chose. */
  readonly strategy: 'range' | 'key'
  /** In the order of the source: the first is changed, the second goes, the last is changed at the source. */
  readonly present: readonly (readonly string[])[]
  /** Below all of them, between them, above. */
  readonly extra: readonly (readonly string[])[]
}

const single = (...keys: string[]) => keys.map((key) => [key])
const uuid = (last: string) => `00000000-0000-4000-8000-0000000000${last}`

export const KEYED: readonly Keyed[] = [
  {
    name: 'by_integer',
    key: ['integer'],
    strategy: 'range',
    present: single('-20', '0', '10', '30', '50'),
    extra: single('-2147483648', '9', '2147483647'),
  },
  {
    name: 'by_bigint',
    key: ['bigint'],
    strategy: 'range',
    present: single('-1', '0', '9007199254740993', '9007199254740995', '9007199254740997'),
    extra: single('-9223372036854775808', '9007199254740994', '9223372036854775807'),
  },
  {
    name: 'by_uuid',
    key: ['uuid'],
    strategy: 'range',
    present: single(uuid('11'), uuid('22'), uuid('33'), uuid('44'), uuid('ff')),
    extra: single('00000000-0000-0000-0000-000000000000', uuid('23'), `ffff${uuid('00').slice(4)}`),
  },
  {
    name: 'by_bytes_of_text',
    key: ['text collate "C"'],
    strategy: 'range',
    present: single('A', 'a', 'b', 'z', 'ä'),
    extra: single('', 'a ', '\u{1f600}'),
  },
  {
    name: 'by_icu',
    key: ['text collate "de-x-icu"'],
    strategy: 'range',
    present: single('a', 'B', 'c', 'é', 'z'),
    extra: single('', 'b', 'zz'),
  },
  {
    // The source sorts by bytes, the project by ICU.
    name: 'by_text',
    key: ['text'],
    strategy: 'key',
    present: single('B', 'Z', 'a', 'ä', "'"),
    extra: single('', 'b', '~'),
  },
  {
    name: 'by_citext',
    key: ['citext'],
    strategy: 'key',
    present: single('a', 'B', 'c', 'D', 'e'),
    extra: single('1', 'bB', 'z'),
  },
  {
    name: 'by_two',
    key: ['integer', 'text collate "C"'],
    strategy: 'range',
    present: [
      ['1', 'a'],
      ['1', 'b'],
      ['2', ''],
      ['2', 'a'],
      ['3', '"'],
    ],
    extra: [
      ['0', 'z'],
      ['1', 'ab'],
      ['3', 'a'],
    ],
  },
  {
    name: 'by_numeric',
    key: ['numeric'],
    strategy: 'range',
    present: single('-1.5', '1.10', '2', '3.000', 'Infinity'),
    extra: single('-100000', '1.15', 'NaN'),
  },
  {
    name: 'by_instant',
    key: ['timestamptz'],
    strategy: 'range',
    present: single(
      '0044-03-15 00:00:00+00 BC',
      '2024-10-27 00:30:00+00',
      '2024-10-27 00:30:00.000002+00',
      '2024-10-27 01:30:00+00',
      '2099-01-01 00:00:00+00',
    ),
    extra: single('-infinity', '2024-10-27 00:30:00.000001+00', 'infinity'),
  },
  {
    name: 'by_float',
    key: ['double precision'],
    strategy: 'range',
    present: single('-1e+300', '-5e-324', '0.1', '0.30000000000000004', '2'),
    extra: single('-Infinity', '0.3', 'NaN'),
  },
  {
    name: 'by_bytea',
    key: ['bytea'],
    strategy: 'range',
    present: single('\\x00', '\\x0001', '\\x22', '\\x5c', '\\xff'),
    extra: single('\\x', '\\x21', '\\xff00'),
  },
  {
    name: 'by_label',
    key: ['level', 'integer'],
    strategy: 'range',
    present: [
      ['low', '2'],
      ['low', '3'],
      ['mid', '1'],
      ['mid', '3'],
      ['top', '1'],
    ],
    extra: [
      ['low', '1'],
      ['mid', '2'],
      ['top', '2'],
    ],
  },
  {
    name: 'parted',
    key: ['text collate "C"', 'integer'],
    strategy: 'range',
    present: [
      ['x', '1'],
      ['x', '2'],
      ['y', '1'],
      ['y', '3'],
      ['z', '1'],
    ],
    extra: [
      ['w', '9'],
      ['y', '2'],
      ['z', '2'],
    ],
  },
  {
    name: 'elder',
    key: ['integer'],
    strategy: 'range',
    present: single('1', '2', '3', '4', '5'),
    extra: single('0', '-5', '9'),
  },
]

const literals = (key: readonly string[]) =>
  key.map((text) => `'${text.replaceAll("'", "''")}'`).join(', ')
const columnsOf = ({ key }: Keyed) => key.map((_, at) => `k${at}`).join(', ')

/** `(k0, …, v)`, with rows in an order that is not the key's. */
export function keyedTables(): string {
  return KEYED.map((table) => {
    const { name, key, present } = table
    const columns = key.map((type, at) => `k${at} ${type}`)
    const parts = ['x', 'y'].map(
      (part) => `create table parted_${part} partition of parted for values in ('${part}')`,
    )
    return [
      `create table ${name} (${columns.join(', ')}, v text, primary key (${columnsOf(table)}))${name === 'parted' ? ' partition by list (k0)' : ''}`,
      ...(name === 'parted'
        ? [...parts, 'create table parted_rest partition of parted default']
        : []),
      ...present.toReversed().map((own) => `insert into ${name} values (${literals(own)}, 'kept')`),
    ].join(';\n')
  }).join(';\n')
}

export function keyedChanges() {
  return KEYED.flatMap((table) => {
    const { name, present, extra } = table
    const only = name === 'elder' ? 'only ' : ''
    const where = (key: readonly string[]) => `where (${columnsOf(table)}) = (${literals(key)})`
    const found = (kind: string, key: readonly string[]) => `${kind} ${name} ${JSON.stringify(key)}`
    const [changed, gone] = [present[0]!, present[1]!]
    const changedAtSource = present.at(-1)!
    return [
      {
        side: 'target' as const,
        statement: `update ${only}${name} set v = 'keep' ${where(changed)}`,
        findings: [`${found('changed', changed)} v`],
      },
      {
        side: 'source' as const,
        statement: `update ${only}${name} set v = null ${where(changedAtSource)}`,
        findings: [`${found('changed', changedAtSource)} v`],
      },
      {
        side: 'target' as const,
        statement: `delete from ${only}${name} ${where(gone)}`,
        findings: [found('missing', gone)],
      },
      ...extra.map((key) => ({
        side: 'target' as const,
        statement: `insert into ${name} values (${literals(key)}, 'new')`,
        findings: [found('extra', key)],
      })),
    ]
  })
}
