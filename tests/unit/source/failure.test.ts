/** Nothing of a row or an address gets out of a failure. */
import { describe, expect, it } from 'vitest'
import { FerryError } from '../../../shared/platform/errors.ts'
import { classify, isRetryable } from '../../../shared/platform/sqlstate.ts'

const failure = (fields: object) =>
  Object.assign(new Error('Key (email)=(ann@example.com)'), fields)

describe('classify', () => {
  it('keeps codes and names of objects only', () => {
    const error = failure({
      code: '23505',
      severity: 'ERROR',
      detail: 'Key (email)=(ann@example.com) already exists.',
      where: 'COPY users, line 3: "ann@example.com"',
      constraint_name: 'users_email_key',
      table_name: 'users',
      parameters: ['ann@example.com'],
    })
    const classified = classify(error)
    const { code, kind, context, cause } = classified
    expect({ code, kind, context, cause }).toEqual({
      code: 'database_constraint_violated',
      kind: 'constraint_violation',
      cause: undefined,
      context: {
        retry: 'never',
        sqlstate: '23505',
        severity: 'ERROR',
        table_name: 'users',
        constraint: 'users_email_key',
      },
    })
    expect(`${classified.message}${classified.hint}${classified.stack}`).not.toContain('ann@')
  })

  it.each([
    ['08006', 'connection_error', true],
    ['57P01', 'connection_error', true],
    ['53300', 'connection_error', true],
    ['ECONNREFUSED', 'connection_error', true],
    ['CONNECTION_CLOSED', 'connection_error', true],
    ['CONNECT_TIMEOUT', 'connection_error', true],
    ['40001', 'constraint_violation', true],
    ['40P01', 'constraint_violation', true],
    ['55P03', 'timeout', true],
    ['57014', 'timeout', true],
    ['25006', 'unknown', true],
    ['28P01', 'connection_error', false],
    ['42501', 'unknown', false],
    ['42P01', 'unknown', false],
    ['22P02', 'data_validation', false],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'connection_error', false],
    ['XX000', 'unknown', false],
    ['toString', 'unknown', false],
  ])('%s is %s, retry %s', (code, kind, retry) => {
    expect([classify(failure({ code })).kind, isRetryable(failure({ code }))]).toEqual([
      kind,
      retry,
    ])
  })

  it('looks into an error of several addresses, and survives anything', () => {
    expect(classify(new AggregateError([failure({ code: 'ECONNREFUSED' })])).context.reason).toBe(
      'ECONNREFUSED',
    )
    for (const odd of [null, undefined, 'text', 5, {}])
      expect(classify(odd)).toBeInstanceOf(FerryError)
    const own = classify(null)
    expect(classify(own)).toBe(own)
  })
})
