/**
 * One entry a guard: the text that is the guard, what stands there without it, and the tests
 * that must turn red: mostly one. `npm run mutants` takes each out in a copy of the project.
 */

import { cutoverMutants } from './cutover-mutants.ts'
import { logMutants } from './log-mutants.ts'
import { lookMutants } from './look-mutants.ts'
import { lookScopeMutants } from './look-scope-mutants.ts'
import { mappingMutants } from './mapping-mutants.ts'
import type { Mutant } from './mutant.ts'
import { sweepMutants } from './sweep-mutants.ts'
import { syncMutants } from './sync-mutants.ts'
import { verificationMutants } from './verification-mutants.ts'

export type { Mutant } from './mutant.ts'

const sql = (name: string) => `supabase/migrations/${name}`

export const mutants: readonly Mutant[] = [
  ...verificationMutants,
  ...mappingMutants,
  ...cutoverMutants,
  ...syncMutants,
  ...logMutants,
  ...lookMutants,
  ...lookScopeMutants,
  ...sweepMutants,
  {
    guard: 'fence: the attempt',
    file: sql('20261120001300_claim.sql'),
    find: "and b.attempt = p_attempt and b.status = 'processing'",
    replace: "and b.status = 'processing'",
    tests: [
      'fence rejects the load of an attempt that was overtaken',
      'verification rejects the report of an attempt that was overtaken',
      'mapping rejects the stage of an attempt that was overtaken',
    ],
  },
  {
    guard: 'fence: the status',
    file: sql('20261120001300_claim.sql'),
    find: "and b.attempt = p_attempt and b.status = 'processing'",
    replace: 'and b.attempt = p_attempt',
    tests: [
      'fence rejects a second completion of a committed batch',
      'mapping rejects the look at late references of an attempt that was overtaken',
      'replay rejects the stage of an attempt that was overtaken',
    ],
  },
  {
    guard: 'one holder: skip locked',
    file: sql('20261120001300_claim.sql'),
    find: 'for update skip locked',
    replace: '',
    tests: ['claim gives a batch to one holder only, without waiting for the other'],
  },
  {
    guard: 'state check in claim',
    file: sql('20261120001300_claim.sql'),
    find: "and o.is_open and o.control_state = 'active'",
    replace: 'and o.is_open',
    tests: ['claim gives nothing while the migration is paused'],
  },
  {
    guard: 'back-off in claim',
    file: sql('20261120001300_claim.sql'),
    find: 'and b.not_before <= migration.clock()',
    replace: '',
    tests: ['claim leaves a batch alone until its back-off is over'],
  },
  {
    guard: 'cancel fences running batches',
    file: sql('20261120001500_accounting.sql'),
    find: "if v_migration.control_state = 'cancelled' or v_migration.status <> 'running' then",
    replace: 'if false then',
    tests: ['fence lets nothing commit after a cancel'],
  },
  {
    guard: 'rows sent = rows inserted',
    file: sql('20261120001400_load.sql'),
    find: '<> p_records then',
    replace: '<> p_records and false then',
    tests: [
      'fence rejects a load whose rows do not add up',
      'repair is refused where its rows do not add up',
    ],
  },
  {
    guard: 'ranges never overlap',
    file: sql('20261120000500_batches.sql'),
    find: 'constraint batches_range_unique unique (migration_id, entity_status_id, pass_id, kind, check_name, range_after),',
    replace: '',
    tests: ['fence refuses to hand on the same rest of a range twice'],
  },
  {
    guard: 'lease: a live holder keeps its batch',
    file: sql('20261120001700_watchdog.sql'),
    find: 'continue when v_lives and v_batch.lease_until > migration.clock();',
    replace: '',
    tests: ['watchdog leaves a live holder its batch while the lease runs'],
  },
  {
    guard: 'holder that is gone',
    file: sql('20261120001700_watchdog.sql'),
    find: 'continue when v_lives and v_batch.lease_until > migration.clock();',
    replace: 'continue when v_batch.lease_until > migration.clock();',
    tests: [
      'watchdog takes the batch of a holder that is gone, at once, and halves it',
      'watchdog parks a migration whose batch killed eight functions',
      'watchdog ends a pass whose batch killed eight functions, and parks nothing',
    ],
  },
  {
    guard: 'termination of a stuck holder',
    file: sql('20261120001700_watchdog.sql'),
    find: 'perform pg_terminate_backend(v_batch.holder_pid, 2000);',
    replace: 'perform pg_cancel_backend(v_batch.holder_pid);',
    tests: ['watchdog ends the server process of an overdue holder that waits in COPY'],
  },
  {
    guard: 'parking',
    file: sql('20261120001600_failure.sql'),
    find: 'p_batch.deaths + 1 >= 8',
    replace: 'false',
    tests: [
      'watchdog parks a migration whose batch killed eight functions',
      'watchdog ends a pass whose batch killed eight functions, and parks nothing',
    ],
  },
  {
    guard: 'nonce: drawn by us',
    file: sql('20261120001200_dispatch.sql'),
    find: 'if not found or v_dispatch.expires_at < migration.clock() then',
    replace: 'if v_dispatch.expires_at < migration.clock() then',
    tests: [
      'dispatch refuses a nonce that nobody drew',
      "dispatch refuses another migration's nonce",
    ],
  },
  {
    guard: 'nonce: of this migration',
    file: sql('20261120001200_dispatch.sql'),
    find: 'where d.migration_id = p_migration_id\n     and d.nonce_hash',
    replace: 'where d.nonce_hash',
    tests: ["dispatch refuses another migration's nonce"],
  },
  {
    guard: 'nonce: not expired',
    file: sql('20261120001200_dispatch.sql'),
    find: 'if not found or v_dispatch.expires_at < migration.clock() then',
    replace: 'if not found then',
    tests: ['dispatch refuses an expired nonce'],
  },
  {
    guard: 'nonce: once',
    file: sql('20261120001200_dispatch.sql'),
    find: 'if v_dispatch.accepted_at is not null or v_dispatch.finished_at is not null then',
    replace: 'if false then',
    tests: ['dispatch serves a nonce once'],
  },
  {
    guard: 'no more lanes than configured',
    file: sql('20261120001200_dispatch.sql'),
    find: 'if migration._lanes(p_migration_id, true) >= (',
    replace: 'if 0 > (',
    tests: ['dispatch lets in no more calls than there are lanes'],
  },
  {
    guard: 'one migration per target',
    file: sql('20261120001800_start.sql'),
    find: 'and e.target_entity = any (p_targets) limit 1;',
    replace: 'and false limit 1;',
    tests: ['start refuses a second migration into the same target'],
  },
  {
    guard: 'configuration in range',
    file: sql('20261120001800_start.sql'),
    find: "and (p_configuration ->> 'lanes')::integer between 1 and 12",
    replace: '',
    tests: ['start refuses a configuration out of range'],
  },
  {
    guard: 'state machine',
    file: sql('20261120000300_orchestrations.sql'),
    find: 'if new.status is distinct from old.status and (old.status, new.status) not in (',
    replace: 'if false and (old.status, new.status) not in (',
    tests: ['records keeps the state machine of the documents'],
  },
  {
    guard: 'checkpoints in order',
    file: sql('20261120000600_checkpoints.sql'),
    find: 'if new.batch_number <> coalesce(v_last.batch_number, 0) + 1 or',
    replace: 'if',
    tests: ['records keeps checkpoints in order'],
  },
  {
    guard: 'audit log is append-only',
    file: sql('20261120001000_audit_log.sql'),
    find: 'before update or delete or truncate on migration.audit_log',
    replace: 'before truncate on migration.audit_log',
    tests: ['records keeps the audit log append-only and tells of an edit'],
  },
  {
    guard: 'readers need a role in app_metadata',
    file: sql('20261120002200_policies.sql'),
    find: '?| array[',
    replace: "is not null or array['x'] && array[",
    tests: [
      'records shows a user without a migration role nothing',
      'verification shows its findings to analysts alone',
    ],
  },
  {
    guard: 'circuit breaker',
    file: sql('20261120001520_breaker.sql'),
    find: 'if v_entity.slow_batches >= 2 then',
    replace: 'if false then',
    tests: [
      'pace halves the lanes after two batches at an eighth of the best pace, and gives them back',
    ],
  },
  {
    guard: 'watchdog: a pass that was ended parks nothing',
    file: sql('20261120001600_failure.sql'),
    find: "return v_parked and p_batch.kind in ('copy', 'settle');",
    replace: 'return v_parked;',
    tests: ['watchdog ends a pass whose batch killed eight functions, and parks nothing'],
  },
]
