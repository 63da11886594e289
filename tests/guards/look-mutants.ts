/** The guards of the look that begins a sweep: see `mutants.ts`. */
import type { Mutant } from './mutant.ts'

export const looks = 'supabase/migrations/20261120001577_look.sql'

const fence = 'v_batch migration.batches := migration._hold(p_migration_id, p_batch_id, p_attempt);'
const noFence =
  'v_batch migration.batches := (select b from migration.batches b where b.migration_id = p_migration_id and b.id = p_batch_id);'
const overtaken = 'look rejects the hand of an attempt that was overtaken'
const ofClock = 'look goes no further than the clock of the source'
const undated = 'look goes back to an earlier look where a transaction in flight has no age'
const nothing = 'look opens no window while nothing dates a transaction in flight'
const known = 'look tells another server, and an earlier time, from the source that it knows'
const back = 'look halts where the source is at an earlier time, and moves nothing'
export const other = 'look compares all rows where the source is another server'
const ids = 'look counts an id only once nothing is left that was in flight when it was seen'
const xids = 'look trusts ids of transactions only as long as they cannot come round'

export const lookMutants: readonly Mutant[] = [
  {
    guard: 'look: the fence of what it asks',
    file: looks,
    find: `${fence}
  v_state`,
    replace: `${noFence}
  v_state`,
    tests: [overtaken],
  },
  {
    guard: 'look: the fence of what it has seen',
    file: looks,
    find: `${fence}
  v_before`,
    replace: `${noFence}
  v_before`,
    tests: [overtaken],
  },
  {
    guard: 'look: no work for a sweep that has ended',
    file: looks,
    find: '  perform migration._hold_pass(v_batch);\n',
    replace: '',
    tests: ['look takes nothing for a sweep that was broken off'],
  },
  {
    guard: 'look horizon: the clock',
    file: looks,
    find: "least((p_facts ->> 'clock')::timestamptz, ",
    replace:
      "least(case when p_facts ->> 'oldest' is null then (p_facts ->> 'clock')::timestamptz end, ",
    tests: [ofClock],
  },
  {
    guard: 'look horizon: the oldest transaction',
    file: looks,
    find: "(p_facts ->> 'oldest')::timestamptz,",
    replace: 'null,',
    tests: ['look goes no further than the oldest transaction in flight', undated],
  },
  {
    guard: 'look horizon: transactions without an age',
    file: looks,
    find: "case when (p_facts ->> 'undated')::boolean then",
    replace: 'case when false then',
    tests: [undated, nothing],
  },
  {
    guard: 'look horizon: which look dates them',
    file: looks,
    find: " and l.source_next <= (p_facts ->> 'xmin')::numeric",
    replace: '',
    tests: [undated],
  },
  {
    guard: 'look horizon: nothing dates them',
    file: looks,
    find: ", '-infinity') end)",
    replace: ", 'infinity') end)",
    tests: [nothing],
  },
  {
    guard: 'look source: the server',
    file: looks,
    find: "when p_before ->> 'system' <> p_facts ->> 'system' then 'other'",
    replace: '',
    tests: [known, other],
  },
  {
    guard: 'look source: the next transaction',
    file: looks,
    find: "(p_facts ->> 'next')::numeric < (p_before ->> 'next')::numeric\n      or ",
    replace: '',
    tests: [known, back],
  },
  {
    guard: 'look source: the position of the log',
    file: looks,
    find: "\n      or (p_facts ->> 'log_position')::numeric < (p_before ->> 'log_position')::numeric",
    replace: '',
    tests: [known],
  },
  {
    guard: 'look source: the timeline',
    file: looks,
    find: "when p_before ->> 'timeline' <> p_facts ->> 'timeline' or ",
    replace: 'when ',
    tests: [known],
  },
  {
    guard: 'look source: an earlier time halts',
    file: looks,
    find: "if migration._source_changed(v_before, p_look -> 'facts') = 'back' then",
    replace: 'if false then',
    tests: [back],
  },
  {
    guard: 'look source: another server has all rows compared',
    file: looks,
    find: ' or migration._source_changed(v_state.source, p_facts) is not null',
    replace: '',
    tests: [other],
  },
  {
    guard: 'look source: another server is told',
    file: looks,
    find: "if migration._source_changed(v_before, p_look -> 'facts') = 'other' then",
    replace: 'if false then',
    tests: [other],
  },
  {
    guard: 'look schema: other columns',
    file: looks,
    find: "a ->> 'schema' is distinct from a ->> 'known_schema' and a ->> 'known_schema' is not null\n      or ",
    replace: '',
    tests: ['look halts where the columns of a table are other ones'],
  },
  {
    guard: 'look schema: a table that is gone',
    file: looks,
    find: "\n      or a ->> 'schema' is null limit 1",
    replace: ' limit 1',
    tests: ['look halts where a table is gone'],
  },
  {
    guard: 'look schema: columns that nobody knew',
    file: looks,
    find: " and a ->> 'known_schema' is not null",
    replace: '',
    tests: ['look goes on where nobody knew the columns'],
  },
  {
    guard: 'look ids: never held against',
    file: looks,
    find: "not p_before ? 'xmin' or ",
    replace: '',
    tests: [xids, 'look compares all rows where ids of transactions are lost'],
  },
  {
    guard: 'look ids: come round',
    file: looks,
    find: '> 2000000000',
    replace: '> 4000000000',
    tests: [xids],
  },
  {
    guard: 'look positions: only where there is nothing to do',
    file: looks,
    find: "and jsonb_array_length(a -> 'batches') = 0;",
    replace: ';',
    tests: [
      'look moves the position of what has not changed at once, and no other',
      'sweep takes nothing once it was broken off, and its row says that it failed',
      'sweep moves positions with its last batch, to where its look has set them',
    ],
  },
  {
    guard: 'look positions: an id counts late',
    file: looks,
    find: "select seen, (seen ->> 'next')::numeric <= (p_facts ->> 'xmin')::numeric as is_past",
    replace: 'select seen, true as is_past',
    tests: [ids],
  },
]
