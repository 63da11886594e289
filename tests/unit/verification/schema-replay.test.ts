import { describe, expect, it } from 'vitest'
import type { Container } from '../../../shared/verification/schema/comparison.ts'
import { replayStatements } from '../../../shared/verification/schema/replay-statements.ts'

const table = { schema: 'New "home"', table: 'odd "name"' }
const placed = (name: string, container: Container, expected = 'x > 0') => ({
  name,
  pair: { at: { entity: 'e', object: 'o' }, code: 'c', expected, found: 'f', container },
})

describe('the statements that replay texts', () => {
  it('make each scratch table once, like the real one, and touch nothing else', () => {
    const statements = replayStatements([
      placed('1', { kind: 'check', table }),
      placed('2', { kind: 'default', table, type: 'integer' }, '1'),
      placed('3', { kind: 'predicate', table }),
      placed('4', { kind: 'domain_check', base: 'integer' }, 'value > 0'),
    ])
    const scratch = 'pg_temp."odd ""name"""'
    expect(statements).toEqual([
      'create temporary table "odd ""name""" (like "New ""home"""."odd ""name""") on commit drop',
      `alter table ${scratch} add constraint "1" check (x > 0)`,
      `alter table ${scratch} add column "2" integer`,
      `alter table ${scratch} alter column "2" set default 1`,
      `create index "3" on ${scratch} ((0)) where x > 0`,
      'create domain pg_temp."4" as integer constraint "4" check (value > 0)',
    ])
  })
})
