/** The readers of the log byte by byte: cut anywhere, they find the same; broken, they say so by one code. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openFieldSink } from '../../shared/sync/log/copied-fields.ts'
import { lsnText, parseLsn } from '../../shared/sync/log/lsn.ts'
import { openMessageReader } from '../../shared/sync/log/pgoutput.ts'
import { isInFlight, parseSnapshot, untilVisible } from '../../shared/sync/log/visible.ts'

const bytes = (...parts: (number[] | string | Uint8Array)[]) =>
  Buffer.concat(
    parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from(part))),
  )
const integer = (value: number) => [
  value >>> 24,
  (value >>> 16) & 255,
  (value >>> 8) & 255,
  value & 255,
]
const short = (value: number) => [(value >>> 8) & 255, value & 255]
const value = (text: string) => bytes('t', integer(Buffer.byteLength(text)), text)
const column = (name: string, flags = 0) => bytes([flags], name, [0], integer(25), integer(-1))
const relation = (...names: string[]) =>
  bytes(
    'R',
    integer(7),
    'public\0',
    't\0',
    'd',
    short(names.length),
    ...names.map((n) => column(n)),
  )
const tuple = (kind: string, ...values: (string | Uint8Array)[]) =>
  bytes(kind, short(values.length), ...values.map((v) => (typeof v === 'string' ? value(v) : v)))
const [absent, unchanged] = [bytes('n'), bytes('u')]

function reader(key: readonly string[] = ['k']) {
  const read = openMessageReader(({ table }) => (table === 't' ? { key, of: table } : undefined))
  return (message: Uint8Array, whole = true) => read(message, whole)
}

const codeOf = (work: () => unknown): string => {
  try {
    work()
  } catch (error) {
    return (error as { code: string }).code
  }
  return 'nothing thrown'
}

describe('a message of the log', () => {
  it('is read by its kind', () => {
    const read = reader()
    const at = [0, 0, 0, 1, 0, 0, 0, 2]
    expect(read(bytes('B', at, at, integer(4_000_000_000)))).toMatchObject({
      kind: 'begin',
      lsn: parseLsn('1/2'),
      xid: 4_000_000_000,
    })
    expect(read(bytes('C', [0], [0, 0, 0, 0, 0, 0, 0, 0], at, at))).toMatchObject({
      kind: 'commit',
      end: parseLsn('1/2'),
    })
    for (const kind of ['Y', 'O', 'M'])
      expect(read(bytes(kind, 'anything'))).toEqual({ kind: 'none' })
    expect(lsnText(parseLsn('16/B374D848'))).toBe('16/B374D848')
  })

  it.each([
    ['insert', bytes('I', integer(7), tuple('N', 'v', '1')), [['1']]],
    ['update', bytes('U', integer(7), tuple('N', unchanged, '1')), [['1']]],
    [
      'update',
      bytes('U', integer(7), tuple('K', absent, '1'), tuple('N', 'v', '2')),
      [['1'], ['2']],
    ],
    [
      'update',
      bytes('U', integer(7), tuple('O', 'v', '1'), tuple('N', 'w', unchanged)),
      [['1'], ['1']],
    ],
    ['update', bytes('U', integer(7), tuple('N', 'v', unchanged)), null],
    ['delete', bytes('D', integer(7), tuple('K', absent, '1')), [['1']]],
    ['delete', bytes('D', integer(7), tuple('O', 'v', '')), [['']]],
    ['delete', bytes('D', integer(7), tuple('K', '1', absent)), null],
    ['insert', bytes('I', integer(7), tuple('N', 'v', bytes('t', integer(1), [255]))), null],
  ] as const)('of an %s shows keys or none', (kind, message, keys) => {
    const read = reader()
    read(relation('v', 'k'))
    expect(read(message)).toEqual({ kind, of: 't', keys })
  })

  it('shows no key where the table has lost a column of it', () => {
    const read = reader(['k', 'gone'])
    read(relation('v', 'k'))
    const found = read(bytes('I', integer(7), tuple('N', 'v', '1')))
    expect(found).toEqual({ kind: 'insert', of: 't', keys: null })
  })

  it('that was cut off shows its key where that lies before the cut', () => {
    const read = reader(['a'])
    read(relation('a', 'long'))
    const message = bytes('I', integer(7), tuple('N', '1', 'x'.repeat(100)))
    expect(read(message.subarray(0, 30), false)).toMatchObject({ keys: [['1']] })
    expect(read(message.subarray(0, 12), false)).toMatchObject({ keys: null })
  })

  it('is refused by one code wherever it ends too early, and whatever is in it', () => {
    const whole = [
      relation('v', 'k'),
      bytes('U', integer(7), tuple('O', 'v', '1'), tuple('N', 'w', '2')),
      bytes('D', integer(7), tuple('K', absent, 'key')),
      bytes('T', integer(1), [0], integer(7)),
      bytes('B', new Uint8Array(20)),
      bytes('C', new Uint8Array(25)),
    ]
    for (const message of whole) {
      for (let end = 0; end < message.length; end += 1) {
        const read = reader()
        read(relation('v', 'k'))
        expect(codeOf(() => read(message.subarray(0, end)))).toBe('log_message_malformed')
      }
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (noise) => {
        const read = reader()
        read(relation('v', 'k'))
        expect(['nothing thrown', 'log_message_malformed']).toContain(codeOf(() => read(noise)))
      }),
      { numRuns: 2000 },
    )
  })
})

describe('the fields of a binary COPY', () => {
  const copied = (fields: readonly Uint8Array[], end: Uint8Array = bytes([255, 255])) => {
    const frame = (payload: Uint8Array) => bytes('d', integer(payload.length + 4), payload)
    const prelude = bytes('PGCOPY\n', [255, 13, 10, 0], integer(0), integer(0))
    const rows = fields.map((field) => bytes(short(1), integer(field.length), field))
    return bytes(...[prelude, ...rows, end].map(frame))
  }
  const read = (stream: Uint8Array, cuts: readonly number[], longest = 1000) => {
    const found: { field: string; whole: boolean }[] = []
    const { sink, end } = openFieldSink(longest, (field, whole) => {
      found.push({ field: Buffer.from(field).toString('hex'), whole })
    })
    const places = [...new Set([0, ...cuts, stream.length])].toSorted((a, b) => a - b)
    places.forEach((from, at) => void sink.write(stream.subarray(from, places[at + 1] ?? from)))
    end()
    return found
  }

  it('are the same wherever the stream is cut', () => {
    const fields = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 })
    fc.assert(
      fc.property(
        fields,
        fc.array(fc.nat({ max: 600 })),
        fc.integer({ min: 1, max: 30 }),
        (sent, cuts, longest) => {
          const stream = copied(sent)
          const within = cuts.filter((cut) => cut < stream.length)
          expect(read(stream, within, longest)).toEqual(
            sent.map((field) => ({
              field: Buffer.from(field.subarray(0, longest)).toString('hex'),
              whole: field.length <= longest,
            })),
          )
        },
      ),
    )
  })

  it('are refused by one code where the stream ends early or is none', () => {
    const stream = copied([bytes('one'), bytes('two')])
    for (let end = 0; end < stream.length; end += 1) {
      expect(codeOf(() => read(stream.subarray(0, end), []))).toBe('log_stream_malformed')
    }
    expect(codeOf(() => read(copied([bytes('one')], bytes(short(2))), []))).toBe(
      'log_stream_malformed',
    )
    expect(codeOf(() => read(copied([], bytes([255, 255, 0])), []))).toBe('log_stream_malformed')
  })

  it('hand a failure of their reader on, and do not throw into the socket', () => {
    const { sink, end } = openFieldSink(10, () => {
      throw Object.assign(new Error('no'), { code: 'mine' })
    })
    expect(sink.write(copied([bytes('one')]))).toBe(true)
    expect(codeOf(end)).toBe('mine')
  })
})

describe('a transaction id of the log', () => {
  it.each([
    [5, '10:10:', false],
    [10, '10:10:', true],
    [9, '8:12:8,9', true],
    [11, '8:12:8,9', false],
    // The next epoch has begun, and the one before.
    [0xffff_fffe, '4294967300:4294967302:', false],
    [0xffff_fffe, '4294967294:4294967302:4294967294', true],
    [3, '4294967290:4294967294:', true],
    [3, '8589934590:8589934594:', true],
    [3, '8589934590:8589934600:', false],
  ])('%i is in flight in %s: %s', (xid, snapshot, expected) => {
    expect(isInFlight(xid, parseSnapshot(snapshot))).toBe(expected)
  })

  it('is waited for, but not for ever', async () => {
    const snapshots = ['1:6:5', '1:6:5', '1:7:']
    await untilVisible([5], async () => snapshots.shift() ?? 'none', {
      within_ms: 1000,
      every_ms: 1,
    })
    expect(snapshots).toEqual([])
    const waiting = untilVisible([5], async () => '1:6:5', { within_ms: 20, every_ms: 5 })
    await expect(waiting).rejects.toMatchObject({ code: 'log_transaction_not_visible' })
  })
})
