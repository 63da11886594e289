/** The guards of following a log: see `mutants.ts`. */
import type { Mutant } from './mutant.ts'

const file = 'supabase/migrations/20261120001590_log.sql'
const fence = 'v_batch migration.batches := migration._hold(p_migration_id, p_batch_id, p_attempt);'
const noFence =
  'v_batch migration.batches := (select b from migration.batches b where b.migration_id = p_migration_id and b.id = p_batch_id);'
const overtaken = ['log rejects the hand of an attempt that was overtaken']
const unneeded = ['log gives a slot up that nobody needs, and no other']

const called = 'log has somebody called for a slot that is left, once a minute'

/** A fence, known by what follows it. */
const withoutFence = (what: string, next: string): Mutant => ({
  guard: `log: the fence of ${what}`,
  file,
  find: `${fence}\nbegin\n  ${next}`,
  replace: `${noFence}\nbegin\n  ${next}`,
  tests: overtaken,
})

export const logMutants: readonly Mutant[] = [
  {
    guard: 'log: the fence of a slot that is wanted',
    file,
    find: 'perform migration._hold(p_migration_id, p_batch_id, p_attempt);\n  insert',
    replace: 'insert',
    tests: overtaken,
  },
  withoutFence('a slot that was made', 'perform migration._note_overruns(v_batch, ('),
  withoutFence('what is recorded', 'perform migration.silence_log()'),
  withoutFence('what was read', 'perform migration._close_batch(v_batch, (p_log'),
  {
    guard: 'log: what is to be compared, until it was',
    file,
    find: " and v.status = 'passed')",
    replace: ')',
    tests: [
      'log compares everything where the slot is a new one',
      'log compares what a sweep that was broken off was to compare',
    ],
  },
  {
    guard: 'log: what a new slot does not tell',
    file,
    find: "coalesce(jsonb_object_agg(e.value ->> 'id', 'slot_made'), '{}')",
    replace: "'{}'::jsonb",
    tests: ['log compares everything where the slot is a new one'],
  },
  {
    guard: 'log: slots of what has ended',
    file,
    find: ' and y.ended_at is null',
    replace: '',
    tests: [...unneeded, 'log gives the slot of a cancelled migration up'],
  },
  {
    guard: 'log: slots of what is followed another way',
    file,
    find: "e.migration_id = o.id and e.definition #>> '{sync,strategy}' = 'log'))",
    replace: 'e.migration_id = o.id))',
    tests: unneeded,
  },
  {
    guard: 'log: no call for a slot that is needed',
    file,
    find: 'where exists (select from migration.slots_to_drop())\n     and',
    replace: 'where',
    tests: [called],
  },
  {
    guard: 'log: no second call for slots within a minute',
    file,
    find: "     and not exists (select from migration.dispatches d where d.created_at > migration.clock() - interval '1 minute')\n",
    replace: '',
    tests: [called],
  },
  {
    guard: 'log: somebody is called for a slot that is left',
    file: 'supabase/migrations/20261120001700_watchdog.sql',
    find: 'v_dispatched := v_dispatched + migration._call_for_slots();',
    replace: '',
    tests: [called],
  },
]
