/** The guards of verification and repair: see `mutants.ts`. */
import type { Mutant } from './mutant.ts'

const sql = (name: string) => `supabase/migrations/${name}`
const begins = sql('20261120001530_verification.sql')
const ends = sql('20261120001540_verification_end.sql')
const repairs = sql('20261120001550_repair.sql')
const tables = sql('20261120001120_verifications.sql')

export const verificationMutants: readonly Mutant[] = [
  {
    guard: 'verification: the gate opens when passed',
    file: ends,
    find: "if v_pass.is_gate and v_pass.status = 'passed' then",
    replace: 'if v_pass.is_gate then',
    tests: [
      'verification keeps the gate shut for a check that failed',
      'verification holds the rows of both sides against each other',
      'verification holds the rows that batches have read against the books',
      'verification opens no gate by a weaker look than the plan asks for',
      'repair opens no gate before a verification has proved it',
    ],
  },
  {
    guard: 'verification: every batch of the pass',
    file: ends,
    find: "b.pass_id = p_pass_id and b.status <> 'completed')",
    replace: 'b.pass_id = p_pass_id and false)',
    tests: [
      'verification completes a migration when every batch of its gate has passed, not before',
    ],
  },
  {
    guard: 'verification: source against target',
    file: ends,
    find: `greatest(abs(t.source_rows - t.target_rows - e.records_failed + (select count(*) from migration._kept_rows(e.id))),
           abs(`,
    replace: 'greatest(abs(',
    tests: ['verification holds the rows of both sides against each other'],
  },
  {
    guard: 'verification: batches against the books',
    file: ends,
    find: ',\n           abs(copied.read - e.records_read))',
    replace: ')',
    tests: ['verification holds the rows that batches have read against the books'],
  },
  {
    guard: "verification: the gate has the plan's mode",
    file: begins,
    find: 'case when p_mode is null or v_gate then',
    replace: 'case when p_mode is null then',
    tests: ['verification opens no gate by a weaker look than the plan asks for'],
  },
  {
    guard: 'verification: the fence of a report',
    file: ends,
    find: `p_results jsonb, p_findings jsonb, p_last_of_call boolean) returns void
language plpgsql set search_path = '' as $$
declare
  v_batch migration.batches := migration._hold(p_migration_id, p_batch_id, p_attempt);`,
    replace: `p_results jsonb, p_findings jsonb, p_last_of_call boolean) returns void
language plpgsql set search_path = '' as $$
declare
  v_batch migration.batches := (select b from migration.batches b where b.migration_id = p_migration_id and b.id = p_batch_id);`,
    tests: ['verification rejects the report of an attempt that was overtaken'],
  },
  {
    guard: 'verification: the pass is still at work',
    file: ends,
    find: 'and o.verification_id = p_batch.pass_id and',
    replace: 'and',
    tests: [
      'verification rejects the report of a pass that was broken off, another one at work or not',
    ],
  },
  {
    guard: 'straggler: a fenced report fails nobody',
    file: sql('20261120001600_failure.sql'),
    find: "if p_error_code = 'fenced' then",
    replace: 'if false then',
    tests: [
      'a lane that was fenced fails nobody when the migration was taken up again before its report',
    ],
  },
  {
    guard: 'verification: a pass is broken off by its own batches',
    file: sql('20261120001600_failure.sql'),
    find: 'migration._abort_pass(p_migration_id, p_error_code, v_batch.pass_id)',
    replace: 'migration._abort_pass(p_migration_id, p_error_code)',
    tests: ['verification is not broken off by what a pass before it has left'],
  },
  {
    guard: 'verification: claims of the pass at work',
    file: sql('20261120001300_claim.sql'),
    find: "and (b.kind in ('copy', 'settle') or b.pass_id = v_migration.verification_id)",
    replace: '',
    tests: [
      'verification is not broken off by what a pass before it has left',
      'verification leaves alone what a pass that was broken off has left',
    ],
  },
  {
    guard: 'verification: one at a time',
    file: begins,
    find: 'if v_migration.verification_id is not null then',
    replace: 'if false then',
    tests: ['verification has one pass at work'],
  },
  {
    guard: 'verification: one at a time, as a constraint',
    file: tables,
    find: "create unique index verifications_one_at_work on migration.verifications (migration_id) where status = 'running';",
    replace: '',
    tests: ['verification has one pass at work whoever writes it down'],
  },
  {
    guard: 'verification: rows and steps are done',
    file: begins,
    find: "if v_migration.control_state <> 'active' or not (",
    replace: 'if false and not (',
    tests: ['verification begins when the rows and steps are done, not before'],
  },
  {
    guard: 'verification: findings under row level security',
    file: sql('20261120002200_policies.sql'),
    find: "'verifications', 'validation_results', 'findings', ",
    replace: '',
    tests: ['verification shows its findings to analysts alone'],
  },
  {
    guard: "verification: views with the reader's rights",
    file: sql('20261120002010_verification_views.sql'),
    find: 'create view migration.verification_findings with (security_invoker = true) as',
    replace: 'create view migration.verification_findings as',
    tests: ['verification shows its findings to analysts alone'],
  },
  {
    guard: 'repair: something differs',
    file: repairs,
    find: 'if not exists (select from migration._repairable(v_last.id)) then',
    replace: 'if false then',
    tests: [
      'repair finds nothing to do where no row differs',
      'repair puts right what nobody else has put right',
    ],
  },
  {
    guard: 'repair: once',
    file: repairs,
    find: 'and f.repaired_at is null',
    replace: '',
    tests: ['repair puts right what nobody else has put right'],
  },
  {
    guard: 'repair: rows add up',
    file: repairs,
    find: 'perform migration._check_rows_inserted(v_batch, p_loaded);',
    replace: '',
    tests: ['repair is refused where its rows do not add up'],
  },
  {
    guard: 'repair: proved by a gate',
    file: repairs,
    find: 'v_pass.is_gate, v_pass.entity_status_ids',
    replace: 'false, v_pass.entity_status_ids',
    tests: [
      'repair opens no gate before a verification has proved it',
      'repair puts right what nobody else has put right',
    ],
  },
]
