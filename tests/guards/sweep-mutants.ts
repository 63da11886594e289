/** The guards of sweeps: beginning, turns, end. See `mutants.ts`. */
import type { Mutant } from './mutant.ts'

const sql = (name: string) => `supabase/migrations/${name}`
const claims = sql('20261120001300_claim.sql')
const begins = sql('20261120001575_sweep.sql')
const applies = sql('20261120001580_apply_changes.sql')
const ends = sql('20261120001585_sweep_end.sql')

const fence = 'v_batch migration.batches := migration._hold(p_migration_id, p_batch_id, p_attempt);'
const noFence =
  'v_batch migration.batches := (select b from migration.batches b where b.migration_id = p_migration_id and b.id = p_batch_id);'
const overtaken = 'sweep rejects the hand of an attempt that was overtaken'
const brokenOff = 'sweep takes nothing once it was broken off, and its row says that it failed'
const begun = 'sweep is not begun before sync mode, nor after it'
const lastBatch = 'sweep moves positions with its last batch, to where its look has set them'
const scopes = 'sweep notes when keys and rows were compared, by the scope of the entity'
const parents =
  'sweep brings parents in before children, and lets entities go that only settle on each other'
const dealt = 'sweep deals keys out again whose batch went with a sweep that was broken off'
const retried = 'sweep tries refused rows again as long as that leads to more, and no longer'
const counted = 'sweep counts what it did, and what the target has'
const inTurn =
  "(x.kind = 'sync' or p_batch.kind = 'sync' or exists (select from migration.entity_statuses e"

export const sweepMutants: readonly Mutant[] = [
  {
    guard: 'sweep: only in sync mode',
    file: begins,
    find: 'if not found then',
    replace: 'if false then',
    tests: [begun],
  },
  {
    guard: 'sweep: not after its end',
    file: begins,
    find: 'where s.migration_id = p_migration.id and s.ended_at is null;',
    replace: 'where s.migration_id = p_migration.id;',
    tests: [begun],
  },
  {
    guard: 'sweep: not while halted',
    file: begins,
    find: 'if v_state.halted_at is not null then',
    replace: 'if false then',
    tests: ['sweep is not begun while sync is halted'],
  },
  {
    guard: 'sweep: one at a time',
    file: begins,
    find: 'if p_migration.verification_id is not null then',
    replace: 'if false then',
    tests: ['sweep is not begun beside another one'],
  },
  {
    guard: 'sweep: not while paused',
    file: begins,
    find: "if p_migration.control_state <> 'active' or",
    replace: 'if',
    tests: ['sweep is not begun while the migration is paused'],
  },
  {
    guard: 'sweep: known scopes',
    file: begins,
    find: "if p_scope not in ('changes', 'deletes', 'hash') then",
    replace: 'if false then',
    tests: ['sweep is not begun in a scope that nobody knows'],
  },
  {
    guard: 'sweep: no migration of its own',
    file: sql('20261120000300_orchestrations.sql'),
    find: "(parent_id is null and (status = 'running'",
    replace: "(true and (status = 'running'",
    tests: ['sweep is no migration that calls are made for'],
  },
  {
    guard: 'sweep: the fence of what is applied',
    file: applies,
    find: `${fence}\n  v_entity`,
    replace: `${noFence}\n  v_entity`,
    tests: [overtaken],
  },
  {
    guard: 'sweep: the fence of what is done',
    file: ends,
    find: fence,
    replace: noFence,
    tests: [overtaken],
  },
  {
    guard: 'sweep: no work for one that has ended',
    file: ends,
    find: '  perform migration._hold_pass(v_batch);\n  perform migration._count_sync',
    replace: '  perform migration._count_sync',
    tests: [brokenOff],
  },
  {
    guard: 'sweep: its row fails with its pass',
    file: sql('20261120001540_verification_end.sql'),
    find: 'where o.id = v_pass.id and o.parent_id is not null;',
    replace: 'where false;',
    tests: [brokenOff, 'look halts where the source is at an earlier time, and moves nothing'],
  },
  {
    guard: 'sweep: ends with its last batch',
    file: ends,
    find: 'if migration._has_open_batches(p_batch.migration_id, p_batch.pass_id) then',
    replace:
      "if migration._has_open_batches(p_batch.migration_id, p_batch.pass_id) and p_batch.kind <> 'sync' then",
    tests: [lastBatch, parents, counted],
  },
  {
    guard: 'sweep: positions move as its look said',
    file: ends,
    find: 'set watermark = s.watermark_after,',
    replace: 'set watermark = s.watermark_before,',
    tests: [lastBatch],
  },
  {
    guard: 'sweep: when keys were compared',
    file: ends,
    find: "deletes_at = case when s.scope in ('deletes', 'hash') then",
    replace: "deletes_at = case when s.scope = 'hash' then",
    tests: [scopes],
  },
  {
    guard: 'sweep: keys were not compared',
    file: ends,
    find: "deletes_at = case when s.scope in ('deletes', 'hash') then",
    replace: 'deletes_at = case when true then',
    tests: [lastBatch],
  },
  {
    guard: 'sweep: rows were not compared',
    file: ends,
    find: "hash_at = case when s.scope = 'hash' then",
    replace: 'hash_at = case when true then',
    tests: [lastBatch, scopes],
  },
  {
    guard: 'sweep turn: parents first',
    file: claims,
    find: "and x.pass_id = p_batch.pass_id and x.status <> 'completed'\n       and x.kind",
    replace:
      "and x.pass_id = p_batch.pass_id and x.status <> 'completed' and false\n       and x.kind",
    tests: [parents],
  },
  {
    guard: 'sweep turn: settled later',
    file: claims,
    find: "and d.kind = 'copy' and d.depends_on",
    replace: 'and d.depends_on',
    tests: [parents],
  },
  {
    guard: 'sweep turn: changes of a table do not meet',
    file: claims,
    find: inTurn,
    replace: '(exists (select from migration.entity_statuses e',
    tests: [
      'sweep writes changes of a table one batch after the other',
      'sweep lets no two claims at once pass each other',
    ],
  },
  {
    guard: 'sweep turn: comparisons share lanes',
    file: claims,
    find: inTurn,
    replace: '(true or exists (select from migration.entity_statuses e',
    tests: ['sweep compares a table by as many lanes as there are'],
  },
  {
    guard: 'sweep turn: rows that may meet',
    file: claims,
    find: "where e.id = x.entity_status_id and coalesce((e.definition ->> 'serial')::boolean, false))))",
    replace: 'where false)))',
    tests: ['sweep compares a table whose rows may meet one batch after the other'],
  },
  {
    guard: 'sweep turn: one claim at a time',
    file: claims,
    find: 'if v_in_turn or v_is_sweep then',
    replace: 'if v_in_turn then',
    tests: ['sweep lets no two claims at once pass each other'],
  },
  {
    guard: 'sweep keys: left ones are dealt out',
    file: 'supabase/migrations/20261120001583_changed_keys.sql',
    find: "and (b.id is null or b.pass_id <> p_batch.pass_id or b.status = 'completed')",
    replace: 'and b.id is null',
    tests: [dealt],
  },
  {
    guard: 'sweep keys: at every end',
    file: ends,
    find: 'if migration._write_key_batches(p_batch) or migration._write_deletes(p_batch) then',
    replace: 'if migration._write_deletes(p_batch) then',
    tests: [dealt, retried, 'deletes reads a row that came back again before the sweep ends'],
  },
  {
    guard: 'sweep keys: done is done',
    file: ends,
    find: '  delete from migration.changed_keys k where k.batch_id = p_batch_id;\n',
    replace: '',
    tests: [dealt, retried],
  },
  {
    guard: 'sweep retry: only after more',
    file: ends,
    find: "coalesce((o.configuration ->> 'retried_at')::numeric, 0) < v_done;",
    replace: "coalesce((o.configuration ->> 'retried_at')::numeric, -1) <= v_done;",
    tests: [retried],
  },
  {
    guard: 'sweep retry: only what may have changed',
    file: ends,
    find: "     x.error_code = 'reference_missing' and exists (\n       select from migration.entity_dependencies",
    replace: '     exists (\n       select from migration.entity_dependencies',
    tests: [retried],
  },
  {
    guard: 'sweep counts: rows that went',
    file: ends,
    find: " - coalesce((p_counts ->> 'deleted')::bigint, 0), 0);",
    replace: ', 0);',
    tests: [counted],
  },
  {
    guard: 'sweep counts: rows that could not go',
    file: ends,
    find: "\n     and d.error_code <> 'delete_refused'",
    replace: '',
    tests: [counted],
  },
  {
    guard: 'sweep counts: its own',
    file: ends,
    find: 'records_read = t.done + t.refused, records_processed = t.done,',
    replace: 'records_read = t.refused, records_processed = 0,',
    tests: [counted],
  },
  {
    guard: 'sweep counts: of the migration',
    file: ends,
    find: 'set verification_id = null, records_read = t.processed + t.failed + t.filtered, records_processed = t.processed,\n         records_failed = t.failed, records_filtered = t.filtered, records_total = t.processed + t.failed + t.filtered',
    replace: 'set verification_id = null',
    tests: [counted],
  },
]
