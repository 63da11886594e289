import { describe, expect, it } from 'vitest'
import { openLedger } from '../../../shared/verification/schema/ledger.ts'

const at = (entity: string, object = 'column x') => ({ entity, object })

describe('the ledger of a schema check', () => {
  it('counts what was looked at, and judges each entity by its worst finding', () => {
    const ledger = openLedger(['a', 'b', 'c', 'd'], new Set())
    ledger.hold(at('a'), 'same', 'x', 'x')
    expect(ledger.hold(at('b'), 'differs', 'x', null)).toBe(false)
    ledger.hold(at('b'), 'same', null, null)
    ledger.report(at('b'), 'extra', { found: 'y' }, 'warning')
    ledger.hold(at('c'), 'slight', null, 'y', 'warning')
    const { results, findings } = ledger.outcome(100, { compared: 'x' })
    expect(
      results.map(({ entity, status, validated, issues }) => [entity, status, validated, issues]),
    ).toEqual([
      ['a', 'passed', 1, 0],
      ['b', 'failed', 3, 2],
      ['c', 'warning', 1, 1],
      ['d', 'passed', 0, 0],
    ])
    expect(results[0]).toMatchObject({ criteria: { compared: 'x' }, duration_ms: 25 })
    expect(findings).toEqual([
      finding('failed', 'b', { code: 'differs', expected: 'x' }),
      finding('warning', 'b', { code: 'extra', found: 'y' }),
      finding('warning', 'c', { code: 'slight', found: 'y' }),
    ])
  })

  it('warns of a table that the migration did not make, but for where its sequences stand', () => {
    const ledger = openLedger(['a', 'b'], new Set(['a']))
    for (const entity of ['a', 'b']) {
      ledger.report(at(entity), 'index_missing', {})
      ledger.report(at(entity), 'sequence_behind_rows', {})
    }
    expect(ledger.outcome(0, {}).findings.map(({ severity }) => severity)).toEqual([
      'warning',
      'failed',
      'failed',
      'failed',
    ])
  })

  it('knows no other entity than those it was opened for', () => {
    expect(() => openLedger([], new Set()).hold(at('a'), 'x', null, null)).toThrow('a is not')
  })
})

function finding(severity: string, entity: string, detail: object) {
  return { check: 'schema', kind: 'schema', severity, entity, object: 'column x', detail }
}
