/** The proxy's protocol reader finds the same messages wherever the chunks end. */
import { describe, expect, it } from 'vitest'
import { followSession } from '../../support/proxy-session.ts'
import { messageReader, normalised, startupParameters } from '../../support/wire.ts'

function message(type: string, body = ''): Buffer {
  const text = Buffer.from(body, 'latin1')
  const head = Buffer.alloc(4)
  head.writeUInt32BE(text.length + 4)
  return Buffer.concat([Buffer.from(type), head, text])
}
const startup = message('', '\x00\x03\x00\x00user\0me\0database\0mine\0\0')
const slices = (bytes: Buffer, size: number) =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
    bytes.subarray(i * size, (i + 1) * size),
  )

describe('the message reader', () => {
  const stream = Buffer.concat([
    message('Q', 'select 1\0'),
    message('S'),
    message('d', 'x'.repeat(300)),
    message('C', 'COMMIT\0'),
    message('Z', 'I'),
  ])
  it.each([1, 2, 3, 4, 5, 7, 64, 10_000])('reads chunks of %i bytes', (size) => {
    const reader = messageReader(() => false)
    const found = slices(stream, size).flatMap((chunk) => reader.feed(chunk))
    expect(found.map(({ type, body, length }) => [type, body.toString(), length])).toEqual([
      ['Q', 'select 1\0', 14],
      ['S', '', 5],
      ['d', '', 305],
      ['C', 'COMMIT\0', 12],
      ['Z', 'I', 6],
    ])
  })
  it('reads start-up parameters, and none from an encryption request', () => {
    expect(startupParameters(startup.subarray(4))).toEqual({ user: 'me', database: 'mine' })
    expect(startupParameters(Buffer.from([4, 0xd2, 0x16, 0x2f]))).toBeUndefined()
    expect(normalised('\n CoMMit ; ')).toBe('commit')
  })
})

describe('a followed session', () => {
  const ready = message('Z', 'I')
  const client = {
    simple: message('Q', 'COMMIT;\0'),
    extended: Buffer.concat([
      message('P', '\0commit\0\0\0'),
      message('D', 'S\0'),
      message('B', '\0\0\0\0\0\0\0\0'),
      message('E', '\0\0\0\0\0'),
      message('S'),
    ]),
  }
  const before = Buffer.concat([message('C', 'INSERT 0 1\0'), ready])
  const answer = Buffer.concat([message('C', 'COMMIT\0'), ready])

  it.each([
    ['simple', 1],
    ['simple', 6],
    ['extended', 1],
    ['extended', 9],
    ['extended', 4096],
  ] as const)('withholds exactly the answer of a %s commit, chunks of %i', (kind, size) => {
    const session = followSession((statement) => statement === 'commit')
    session.clientSent(startup)
    session.serverSent(ready)
    session.clientSent(message('Q', 'insert into t values (1)\0'))
    for (const chunk of slices(client[kind], size)) session.clientSent(chunk)
    expect(session.withholding).toBe(true)
    let passed = 0
    let outcome: string | undefined
    for (const chunk of slices(Buffer.concat([before, answer]), size)) {
      const verdict = session.serverSent(chunk)
      passed += Math.min(verdict.pass, chunk.length)
      outcome ??= verdict.outcome
    }
    expect({ passed, outcome }).toEqual({ passed: before.length, outcome: 'done' })
  })

  it('goes blind, and stays transparent, once the server agrees to encryption', () => {
    const session = followSession(() => true)
    session.clientSent(message('', '\x04\xd2\x16\x2f'))
    expect(session.serverSent(Buffer.from('S')).pass).toBe(1)
    session.clientSent(Buffer.from('\x16\x03\x01 not a message at all, and long enough'))
    expect(session.serverSent(Buffer.from('\x16\x03\x03 neither is this')).pass).toBe(19)
    expect(session.withholding).toBe(false)
  })
})
