/** The guards of how much a sweep does for an entity: see `mutants.ts`. */
import { looks, other } from './look-mutants.ts'
import type { Mutant } from './mutant.ts'

const mended =
  'look compares all rows once the plan was mended, though a sweep of the old one ended later'

export const lookScopeMutants: readonly Mutant[] = [
  {
    guard: 'look scope: all',
    file: looks,
    find: "when p_asked = 'hash' or p_all or",
    replace: "when p_asked = 'hash' or",
    tests: [
      'look compares all rows where the source or the plan is another',
      'look compares all rows until a sweep has caught up',
      mended,
      other,
    ],
  },
  {
    guard: 'look scope: never compared',
    file: looks,
    find: ' or p_position.hash_at is null then',
    replace: ' then',
    tests: ['look compares all rows of an entity that was never compared'],
  },
  {
    guard: 'look scope: the strategy',
    file: looks,
    find: "    when x.strategy = 'hash' then case when p_asked = 'changes' and p_entity.records_processed > 10000 then 'changes' else 'hash' end\n",
    replace: '',
    tests: [
      'look compares all rows by the strategy hash',
      'look compares all rows of a small table by the strategy hash',
      'look compares all rows of a large one with the keys',
    ],
  },
  {
    guard: 'look scope: ids that are lost',
    file: looks,
    find: 'and migration._xid_is_lost(p_position.watermark, p_facts) then',
    replace: 'and false then',
    tests: ['look compares all rows where ids of transactions are lost'],
  },
  {
    guard: 'look scope: until it has caught up',
    file: looks,
    find: 'select v_state.caught_up_at is null or ',
    replace: 'select ',
    tests: ['look compares all rows until a sweep has caught up'],
  },
  {
    guard: 'look scope: a mended plan',
    file: looks,
    find: '\n      or v_state.plan_fingerprint <> o.plan_fingerprint into',
    replace: ' into',
    tests: [mended],
  },
  {
    guard: 'look scope: a plan that is mended meanwhile',
    file: 'supabase/migrations/20261120001585_sweep_end.sql',
    find: 'plan_fingerprint = v_sweep.plan_fingerprint',
    replace:
      'plan_fingerprint = (select o.plan_fingerprint from migration.orchestrations o where o.id = p_batch.migration_id)',
    tests: [mended],
  },
  {
    guard: 'look: large tables are not compared all the time',
    file: looks,
    find: "case when p_asked = 'changes' and p_entity.records_processed > 10000 then 'changes' else 'hash' end",
    replace: "'hash'",
    tests: ['look compares all rows not of a large one all the time'],
  },
  {
    guard: 'look: large tables are compared with the keys',
    file: looks,
    find: "p_asked = 'changes' and p_entity.records_processed > 10000",
    replace: 'p_entity.records_processed > 10000',
    tests: ['look compares all rows of a large one with the keys'],
  },
]
