/** Expressions compiled over columns of many types. */
import { expect } from 'vitest'
import {
  compileExpression,
  type Scope,
  type Value,
} from '../../../shared/plan/expression/compile-expression.ts'
import { type Expression, expressionSchema } from '../../../shared/plan/expression/expression.ts'
import { type Problem, planPath } from '../../../shared/plan/problem.ts'

export const types: Record<string, string> = {
  t: 'text',
  v: 'character varying(9)',
  i: 'integer',
  n: 'numeric(6,2)',
  f: 'double precision',
  d: 'date',
  ts: 'timestamp(3) without time zone',
  b: 'boolean',
  j: 'json',
  u: 'uuid',
  a: 'integer[]',
}

export function compile(written: unknown): { value: Value | undefined; problems: Problem[] } {
  const problems: Problem[] = []
  const scope: Scope = {
    problems,
    column(name, path) {
      const at = Object.keys(types).indexOf(name)
      if (at >= 0) return { sql: `s.s${at}`, type: types[name]!, fails: [] }
      problems.push({ code: 'column_unknown', message: '', hint: '', path: planPath(path) })
      return undefined
    },
    reference: () => ({ sql: 'm0.target_id', type: 'uuid', fails: [] }),
  }
  const expression = expressionSchema.parse(written)
  return { value: compileExpression(expression, ['c'], scope), problems }
}

export const typeOf = (written: unknown) => {
  const { value, problems } = compile(written)
  expect(problems).toEqual([])
  return value?.type
}

export const codes = (written: unknown) => {
  const { value, problems } = compile(written)
  expect(value).toBeUndefined()
  return problems.map(({ code, path }) => `${code} ${path}`)
}

export const isPlan = (written: unknown) => expressionSchema.safeParse(written).success

export const nested = (levels: number): Expression =>
  levels === 1 ? 't' : { op: 'trim', of: nested(levels - 1) }
