/** Moments out of texts, as a real server reads them. */
import { describe, it } from 'vitest'
import { expectEach, invalid, mappingDatabase } from './evaluate.ts'

const db = mappingDatabase()

describe('times', () => {
  const parse = (format: string, to: string, zone?: string) => ({
    op: 'parse_time',
    of: 'c',
    format,
    to,
    zone,
  })

  it('are read in their own form and no other', async () => {
    await expectEach(db.sql, parse('DD.MM.YYYY', 'date'), 'text', [
      ['31.01.2024', '2024-01-31'],
      ['1.2.2024', '2024-02-01'],
      ['29.02.2024', '2024-02-29'],
      ['29.02.2023', invalid],
      ['31.04.2024', invalid],
      ['01.13.2024', invalid],
      ['01.01.0000', invalid],
      ['2024-01-31', invalid],
      ['01.01.24', invalid],
      ['01.01.2024 ', invalid],
      ['01.01.2024\n', invalid],
      ['today', invalid],
      ['', invalid],
      [null, null],
    ])
    await expectEach(db.sql, parse('YYYYMMDD', 'date'), 'integer', [
      ['20240131', '2024-01-31'],
      ['202401', invalid],
    ])
    await expectEach(db.sql, parse('HH24:MI', 'time'), 'text', [
      ['7:05', '07:05:00'],
      ['25:00', invalid],
      ['12:60', invalid],
    ])
    await expectEach(db.sql, parse('YYYY-MM-DD"T"HH24:MI:SS.MS', 'timestamp'), 'text', [
      ['2024-01-31T23:59:58.007', '2024-01-31 23:59:58.007'],
      ['2024-01-31T23:59:58.07', invalid],
    ])
    await expectEach(db.sql, parse('(YYYY)[MM]*DD+', 'date'), 'text', [
      ['(2024)[01]*02+', '2024-01-02'],
      ['x', invalid],
    ])
  })

  it('are moments with their zone or offset', async () => {
    await expectEach(db.sql, parse('YYYY-MM-DD HH24:MI', 'timestamptz', 'Europe/Berlin'), 'text', [
      ['2024-07-01 12:00', '2024-07-01 10:00:00+00'],
      ['2024-01-01 12:00', '2024-01-01 11:00:00+00'],
      ['2024-13-01 12:00', invalid],
      [null, null],
    ])
    await expectEach(
      db.sql,
      parse('YYYY-MM-DDTHH24:MI:SS.USTZH:TZM', 'timestamptz', 'offset'),
      'text',
      [
        ['2024-07-01T12:00:00.000001+05:30', '2024-07-01 06:30:00.000001+00'],
        ['2024-07-01T12:00:00.000001Z', '2024-07-01 12:00:00.000001+00'],
        ['2024-07-01T12:00:00.000001+99:00', invalid],
        ['2024-07-01T12:00:00.000001', invalid],
      ],
    )
  })

  it('lie on the clock of a zone', async () => {
    const at = { op: 'at_zone', of: 'c', zone: 'America/New_York' }
    await expectEach(db.sql, at, 'timestamp', [
      ['2024-07-01 12:00', '2024-07-01 16:00:00+00'],
      ['infinity', 'infinity'],
      ['294276-12-31 23:59:59', invalid],
      ['4713-11-24 00:00:00 BC', invalid],
      [null, null],
    ])
    await expectEach(db.sql, at, 'date', [
      ['2024-01-01', '2024-01-01 05:00:00+00'],
      ['5874897-12-31', invalid],
    ])
    await expectEach(db.sql, at, 'text', [
      ['2024-01-01', '2024-01-01 05:00:00+00'],
      ['x', invalid],
    ])
  })
})
