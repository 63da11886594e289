/** The guards of incremental sync: see `mutants.ts`. */
import type { Mutant } from './mutant.ts'

const sql = (name: string) => `supabase/migrations/${name}`
const notes = sql('20261120001587_gone_rows.sql')
const lists = sql('20261120001588_deletes.sql')
const applies = sql('20261120001589_apply_deletes.sql')
const begins = sql('20261120001575_sweep.sql')
const looks = sql('20261120001577_look.sql')
const verbs = sql('20261120001910_sync_control.sql')

const fence = 'v_batch migration.batches := migration._hold(p_migration_id, p_batch_id, p_attempt);'
const noFence =
  'v_batch migration.batches := (select b from migration.batches b where b.migration_id = p_migration_id and b.id = p_batch_id);'
const overtaken = 'deletes rejects the hand of an attempt that was overtaken'
const stays = 'deletes holds a row that a row which stays refers to'
const coming = 'deletes waits for a row that is just coming and refers to one that is to go'
const spelled =
  'deletes takes a row off the list that the source has after all, not one that is only spelled alike'

export const syncMutants: readonly Mutant[] = [
  {
    guard: 'deletes: the fence of what is noted',
    file: notes,
    find: fence,
    replace: noFence,
    tests: [overtaken],
  },
  {
    guard: 'deletes: the fence of what came back',
    file: lists,
    find: fence,
    replace: noFence,
    tests: [overtaken],
  },
  {
    guard: 'deletes: the fence of what goes',
    file: applies,
    find: `${fence}
  v_entity migration.entity_statuses;`,
    replace: `${noFence}
  v_entity migration.entity_statuses;`,
    tests: [overtaken],
  },
  {
    guard: 'deletes: references are asked for',
    file: applies,
    find: '  perform migration._hold_referenced();\n',
    replace: '',
    tests: [stays, coming],
  },
  {
    guard: 'deletes: rows that are to go are locked',
    file: lists,
    find: 'where k.entity_status_id = $1 for update of t)',
    replace: 'where k.entity_status_id = $1)',
    tests: [coming],
  },
  {
    guard: 'deletes: the limit',
    file: lists,
    find: 'if not migration._mind_delete_limit(p_entity, v_rows) then',
    replace: 'if true then',
    tests: ['deletes takes more than the plan allows at once only when somebody has said so'],
  },
  {
    guard: 'deletes: what may not be ours',
    file: lists,
    find: "when m.origin <> 'c' or migration._is_mixed(v_definition) then 'report'",
    replace: "when m.origin <> 'c' then 'report'",
    tests: ['deletes leaves rows alone that the target may have had before'],
  },
  {
    guard: 'deletes: only what the target knows',
    file: notes,
    find: '     where %s or %s\n    on conflict',
    replace: '     where true or %s or %s\n    on conflict',
    tests: ['deletes notes what the target knows, and nothing else'],
  },
  {
    guard: 'deletes: equal for the source is not the same',
    file: lists,
    find: 'delete from pg_temp.ferry_returned k where k.parts <> k.found and not exists',
    replace: 'delete from pg_temp.ferry_returned k where false and not exists',
    tests: [spelled],
  },
  {
    guard: 'sweeps: another source is compared until it was',
    file: looks,
    find: '      perform migration._forget_positions(p_migration_id);\n',
    replace: '',
    tests: ['all rows are compared of a source that is another one, until a sweep has done it'],
  },
  {
    guard: 'sweeps: what follows a halt is compared until it was',
    file: verbs,
    find: '  perform migration._forget_positions(p_migration_id);\n',
    replace: '',
    tests: ['all rows are compared after a halt, until a sweep has done it'],
  },
  {
    guard: 'sync mode: no halt of an earlier time',
    file: begins,
    find: ', halted_at = null, halted_code = null, halted_reason = null;\n  insert',
    replace: ';\n  insert',
    tests: ['sync mode begins anew without the halt that it was ended in'],
  },
]
