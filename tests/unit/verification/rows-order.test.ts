import { describe, expect, it } from 'vitest'
import type { CollationFact, KeyFact, TableFacts } from '../../../shared/verification/rows/facts.ts'
import { orderAlike } from '../../../shared/verification/rows/order.ts'

const c: CollationFact = {
  provider: 'c',
  locale: 'C',
  version: null,
  deterministic: true,
  rules: null,
}
const icu: CollationFact = { ...c, provider: 'i', locale: 'de', version: '153.120' }
const text: KeyFact = {
  column: 'k',
  type: 'text',
  name: 'text',
  operators: null,
  nullable: false,
  origin: 'server',
  labels: null,
  collation: c,
}
const integer = { ...text, type: 'integer', name: 'int4', collation: null }
const mood = { ...integer, type: 'public.mood', name: 'mood', origin: 'enum', labels: ['z', 'a'] }
const facts = (key: KeyFact, more: Partial<TableFacts> = {}): TableFacts => ({
  server_version: 170000,
  encoding: 'UTF8',
  partitioned: false,
  snapshot: '1:1:',
  key: [key],
  ...more,
})
const collated = (collation: Partial<CollationFact>) => ({
  ...text,
  collation: { ...icu, ...collation },
})

describe('two sides order a key alike', () => {
  it.each<[string, KeyFact, KeyFact]>([
    ['numbers', integer, { ...integer, column: 'other' }],
    ['texts by bytes', text, { ...text, collation: { ...c, locale: 'POSIX' } }],
    ['texts by bytes of another provider', text, { ...text, collation: { ...c, provider: 'b' } }],
    ['the same collation', collated({}), collated({})],
    ['an enum with the same labels', mood, { ...mood, type: 'x.mood' }],
  ])('%s', (_, source, target) => {
    expect(orderAlike(facts(source), facts(target))).toBe(true)
  })

  it.each<[string, KeyFact, KeyFact]>([
    ['another type', integer, { ...integer, name: 'int8' }],
    ['a key that may be NULL there', integer, { ...integer, nullable: true }],
    ['one collation by bytes', text, collated({})],
    ['another locale', collated({}), collated({ locale: 'sv' })],
    ['another version', collated({}), collated({ version: '153.121' })],
    ['versions that nobody knows', collated({ version: null }), collated({ version: null })],
    ['another provider', collated({}), collated({ provider: 'c' })],
    ['other rules', collated({}), collated({ rules: '& a < b' })],
    ['one that is not deterministic', collated({}), collated({ deterministic: false })],
    ['other labels', mood, { ...mood, labels: ['a', 'z'] }],
    ['a type of a user', { ...integer, origin: 'other' }, { ...integer, origin: 'other' }],
    [
      'documents, whose texts are sorted by the database',
      { ...integer, name: 'jsonb' },
      { ...integer, name: 'jsonb' },
    ],
    [
      'a type of another extension',
      { ...text, origin: 'extension citext' },
      { ...text, origin: 'other' },
    ],
  ])('but not with %s', (_, source, target) => {
    expect(orderAlike(facts(source), facts(target))).toBe(false)
  })

  it('but not texts in different encodings, and not where a column is missing', () => {
    expect(orderAlike(facts(text), facts(text, { encoding: 'LATIN1' }))).toBe(false)
    expect(orderAlike(facts(integer), facts(integer, { encoding: 'LATIN1' }))).toBe(true)
    expect(orderAlike(facts(text), facts(text, { key: [] }))).toBe(false)
    expect(orderAlike(facts(text, { key: [] }), facts(text, { key: [] }))).toBe(false)
  })
})
