/** The guards of mapped loads and of replays: see `mutants.ts`. */
import type { Mutant } from './mutant.ts'

const sql = (name: string) => `supabase/migrations/${name}`
const loads = sql('20261120001430_mapping_load.sql')
const decides = sql('20261120001420_uniqueness.sql')
const takes = sql('20261120001428_take_back.sql')
const exists = sql('20261120001429_existing_rows.sql')
const bisects = sql('20261120001410_bisect.sql')
const reloads = sql('20261120001555_reload.sql')
const waits = sql('20261120001505_waiting.sql')

const fence = 'v_batch migration.batches := migration._hold(p_migration_id, p_batch_id, p_attempt);'
const noFence =
  'v_batch migration.batches := (select b from migration.batches b where b.migration_id = p_migration_id and b.id = p_batch_id);'
const blamesForConstraints = [
  'mapping accepts a row whose rival the server has refused',
  'mapping gives a row back that had to give way to one that the server refuses',
  'mapping blames rows for what they hold',
  'replay tells once what is refused again, with the reason of now',
]

export const mappingMutants: readonly Mutant[] = [
  {
    guard: 'mapping: the fence of a load',
    file: loads,
    find: fence,
    replace: noFence,
    tests: ['mapping rejects the stage of an attempt that was overtaken'],
  },
  {
    guard: 'mapping: the fence of a settling',
    file: sql('20261120001440_settle.sql'),
    find: fence,
    replace: noFence,
    tests: ['mapping rejects the look at late references of an attempt that was overtaken'],
  },
  {
    guard: 'mapping: the fence of a replay',
    file: reloads,
    find: fence,
    replace: noFence,
    tests: ['replay rejects the stage of an attempt that was overtaken'],
  },
  {
    guard: 'mapping: one range after the other',
    file: sql('20261120001300_claim.sql'),
    find: "case when v_batch.kind = 'copy' and v_serial then 'infinity'",
    replace: "case when false then 'infinity'",
    tests: ['order hands on the next range when the one before it is in'],
  },
  {
    guard: 'mapping: parents first',
    file: sql('20261120001800_start.sql'),
    find: 'case when migration._waits(e.id, k.kind) and not',
    replace: 'case when false and not',
    tests: [
      'order hands on the next range when the one before it is in',
      'order lets children wait until their parents are in, and late references for all rows',
      'mapping gives a row back that had to give way to one that the server refuses',
    ],
  },
  {
    guard: 'mapping: until they are settled, too',
    file: waits,
    find: "case d.until when 'copied' then on_.copied_at is null else on_.status not in ('completed', 'skipped') end",
    replace: 'on_.copied_at is null',
    tests: [
      'order lets children wait until their parents are in, and late references for all rows',
    ],
  },
  {
    guard: 'mapping: nobody waits for what failed',
    file: waits,
    find: "case d.kind when 'copy' then e.status = 'pending' or e.status = 'running' and exists (",
    replace: "case d.kind when 'copy' then false and exists (",
    tests: ['order ends when nothing is left but what waits for an entity that failed'],
  },
  {
    guard: 'mapping: values that are taken',
    file: decides,
    find: 'and exists (select from %s t where %s and not (%s))',
    replace: 'and false and exists (select from %s t where %s and not (%s))',
    tests: [
      'mapping refuses a row whose values an earlier batch has brought',
      'mapping takes no row away that the target had before',
      'replay takes nothing away from a row that is in, though the last wins',
    ],
  },
  {
    guard: "mapping: rows that the server refuses are in nobody's way",
    file: loads,
    find: 'exit when v_refused is null;',
    replace: 'exit;',
    tests: [
      'mapping accepts a row whose rival the server has refused',
      'mapping gives a row back that had to give way to one that the server refuses',
    ],
  },
  {
    guard: 'mapping: only rows of ours give way',
    file: takes,
    find: "when p_mapping ->> 'id' is null then 'false'",
    replace: "when true then 'true'",
    tests: ['mapping takes no row away that the target had before'],
  },
  {
    guard: 'mapping: no row gives way to one that is read again',
    file: takes,
    find: "and p_batch.kind = 'copy' loop",
    replace: 'loop',
    tests: ['replay takes nothing away from a row that is in, though the last wins'],
  },
  {
    guard: 'mapping: an image before a row is overwritten',
    file: exists,
    find: 'from pg_temp.ferry_there e join pg_temp.ferry_rows r on r.place = e.place;',
    replace: 'from pg_temp.ferry_there e join pg_temp.ferry_rows r on false;',
    tests: ['mapping keeps an image of what it overwrites'],
  },
  {
    guard: 'mapping: columns that the plan does not mention',
    file: exists,
    find: "string_agg('(e.image).' || o.name, ', ' order by o.at)",
    replace: "string_agg('null', ', ' order by o.at)",
    tests: ['mapping keeps an image of what it overwrites'],
  },
  {
    guard: 'mapping: too many refused rows',
    file: loads,
    find: "if v_failed > (v_limit ->> 'rows')::bigint",
    replace: 'if false',
    tests: ['mapping stops where too many rows are refused, and writes none of them down'],
  },
  {
    guard: 'mapping: what is no fault of a row',
    file: bisects,
    find: 'if not migration._is_fault_of_row(v_sqlstate) then',
    replace: 'if false then',
    tests: [
      'mapping blames no row for 40P01',
      'mapping blames no row for 55P03',
      'mapping blames no row for 53100',
    ],
  },
  {
    guard: 'mapping: what is the fault of a row',
    file: bisects,
    find: "'^(22|23|44)'",
    replace: "'^(22|44)'",
    tests: blamesForConstraints,
  },
  {
    guard: 'mapping: rows add up',
    file: loads,
    find: 'and v_inserted <> loaded then',
    replace: 'and false then',
    tests: ['mapping counts what the target took'],
  },
  {
    guard: 'mapping: what is refused late leaves the map',
    file: takes,
    find: "'m.map_entity_id = $1 and m.target_id = g.name::uuid' else 'false' end",
    replace: "'false' else 'false' end",
    tests: [
      'mapping takes a row out of target and map that is refused late, with all that hang on it',
    ],
  },
  {
    guard: 'mapping: who hangs on a late refusal',
    file: sql('20261120001440_settle.sql'),
    find: 'exit when v_round = 0;',
    replace: 'exit;',
    tests: [
      'mapping takes a row out of target and map that is refused late, with all that hang on it',
    ],
  },
  {
    guard: 'mapping: a map that has the key',
    file: loads,
    find: "case when p_is_new then '' else",
    replace: "case when true then '' else",
    tests: ['mapping keeps one entry of the map for a row that comes again'],
  },
  {
    guard: 'mapping: a map that was empty',
    file: sql('20261120001800_start.sql'),
    find: 'case when not exists (select from migration.id_map i where i.map_entity_id = m.id)\n',
    replace: 'case when true\n',
    tests: ['mapping keeps one entry of the map for a row that comes again'],
  },
  {
    guard: 'replay: a newer version stays',
    file: reloads,
    find: 'perform migration._supersede(v_entity.definition);',
    replace: '',
    tests: ['replay does not write over what the target has by now'],
  },
  {
    guard: 'replay: one dead letter a row',
    file: reloads,
    find: 'where not exists (select from migration.errors d where d.entity_status_id = p_batch.entity_status_id',
    replace: 'where not exists (select from migration.errors d where false',
    tests: [
      'replay tells once what is refused again, with the reason of now',
      'replay takes nothing away from a row that is in, though the last wins',
    ],
  },
]
