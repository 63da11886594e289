/** The guards of schedules, of the verbs over sync and of the cut-over: see `mutants.ts`. */
import type { Mutant } from './mutant.ts'

const sql = (name: string) => `supabase/migrations/${name}`
const schedules = sql('20261120001594_schedules.sql')
const verbs = sql('20261120001910_sync_control.sql')
const begins = sql('20261120002110_cutover.sql')
const chain = sql('20261120002120_cutover_chain.sql')

const unready =
  'schedules of a migration begin nothing while the migration is paused or halted, and say so'
const former = 'a cut-over keeps the setting of before, whatever a second try finds'
const gate = 'a cut-over gives the source back where its gate does not pass, and stays in sync mode'
const still = 'a cut-over gives the source back where it does not become still'
const alone = 'a cut-over lets no other pass in between two of its own'
const again = 'a cut-over tries to give the source back until it is done'

const condition = (find: string, code: string): Mutant => ({
  guard: `cut-over: ${code}`,
  file: begins,
  find,
  replace: find.replace('when ', 'when false and '),
  tests: [`a cut-over begins not: ${code}`],
})

export const cutoverMutants: readonly Mutant[] = [
  condition("when y.halted_at is not null then 'sync_halted'", 'sync_halted'),
  condition("when p_migration.verification_id is not null then 'pass_running'", 'pass_running'),
  condition("when y.caught_up_at is null then 'sync_not_caught_up'", 'sync_not_caught_up'),
  condition('when exists (select from migration.gone_rows g', 'gone_rows_held'),
  condition('when exists (select from migration.sync_positions s', 'sync_lags'),
  {
    guard: 'cut-over: no sweep between two of its passes',
    file: verbs,
    find: `  perform migration._refuse_while_cutting_over(p_migration_id);
  if p_amendment`,
    replace: '  if p_amendment',
    tests: [alone],
  },
  {
    guard: 'cut-over: no other pass between two of its own',
    file: sql('20261120001530_verification.sql'),
    find: '  perform migration._refuse_while_cutting_over(p_migration_id);\n',
    replace: '',
    tests: [alone],
  },
  {
    guard: 'cut-over: the name of the plan',
    file: begins,
    find: "if not p_is_rehearsal and p_confirm is distinct from v_migration.plan ->> 'name' then",
    replace: 'if false then',
    tests: ['a cut-over begins with the name of the plan, or as a rehearsal'],
  },
  {
    guard: 'cut-over: the fence of the freeze',
    file: begins,
    find: `v_batch migration.batches := migration._hold(p_migration_id, p_batch_id, p_attempt);
begin
  perform migration._hold_pass(v_batch);
  -- what a second try`,
    replace: `v_batch migration.batches := (select b from migration.batches b where b.migration_id = p_migration_id and b.id = p_batch_id);
begin
  perform migration._hold_pass(v_batch);
  -- what a second try`,
    tests: [former],
  },
  {
    guard: 'cut-over: no freeze by what was called off',
    file: begins,
    find: `  perform migration._hold_pass(v_batch);
  -- what a second try`,
    replace: '  -- what a second try',
    tests: [former],
  },
  {
    guard: 'cut-over: the former setting is that of before the first try',
    file: begins,
    find: 'and not c.is_ours_to_unfreeze;',
    replace: ';',
    tests: [former],
  },
  {
    guard: 'cut-over: whatever fails gives the source back',
    file: chain,
    find: 'if p_cutover.is_ours_to_unfreeze and p_cutover.unfrozen_at is null then',
    replace: 'if false then',
    tests: [former, gate, still, again],
  },
  {
    guard: 'cut-over: nothing is completed but by its gate',
    file: chain,
    find: "if v_pass.status <> 'passed' then",
    replace: "if v_pass.status <> 'passed' and v_pass.kind <> 'verify' then",
    tests: [gate, 'a rehearsal tells what differs, which may be what was written meanwhile'],
  },
  {
    guard: 'cut-over: somebody comes between two passes',
    file: sql('20261120001200_dispatch.sql'),
    find: 'v_wanted := greatest(v_wanted, 1);',
    replace: 'null;',
    tests: ['calling a cut-over off wakes somebody between two passes'],
  },
  {
    guard: 'cut-over: a pause waits for its end',
    file: sql('20261120001900_control.sql'),
    find: 'and o.control_state = any (p_from) and o.cutover_id is null',
    replace: 'and o.control_state = any (p_from)',
    tests: ['a cut-over begins and holds off sweeps, pauses and a cancellation until it has ended'],
  },
  {
    guard: 'sync: what was cut over is not followed any more',
    file: verbs,
    find: "if exists (select from migration.cutovers c where c.migration_id = p_migration_id and c.state = 'completed') then",
    replace: 'if false then',
    tests: ['a cut-over goes from the look to the gate, and completes the migration'],
  },
  {
    guard: 'sync: a halt is not cleared by allowing something else',
    file: verbs,
    find: "and s.halted_code = 'deletes_exceeded'",
    replace: '',
    tests: ['a sweep on demand is refused where there is no sync mode, and while it is halted'],
  },
  {
    guard: 'sync: changed tables need the plan',
    file: verbs,
    find: "elsif v_code = 'source_schema_changed' then",
    replace: 'elsif false then',
    tests: ['a halt by changed tables needs the plan'],
  },
  {
    guard: 'schedules: the widest scope',
    file: schedules,
    find: "array['hash', 'deletes', 'changes']",
    replace: "array['changes', 'deletes', 'hash']",
    tests: [
      'schedules of a migration begin the sweep of the widest scope that is due, and the narrower ones with it',
    ],
  },
  {
    guard: 'schedules: nothing while halted',
    file: schedules,
    find: 'and y.ended_at is null and y.halted_at is null',
    replace: 'and y.ended_at is null',
    tests: [unready],
  },
  {
    guard: 'schedules: what is skipped comes soon',
    file: schedules,
    find: "else least(migration._next_run(s.schedule, v_now), v_now + interval '10 seconds') end",
    replace: 'else migration._next_run(s.schedule, v_now) end',
    tests: [
      'schedules of a migration count what is due while a sweep is at work, and let it come soon',
    ],
  },
]
