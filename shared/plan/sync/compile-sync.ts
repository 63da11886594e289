/** How an entity is kept in step: what the plan says of it, held against what the source has. */
import type { CompiledEntity } from '../../projection/entity.ts'
import type { CompiledSync, SyncStrategy } from '../../projection/sync.ts'
import { estimateRows } from '../estimate.ts'
import { mapAsItIs } from '../mapping/as-it-is.ts'
import type { Intent } from '../mapping/intent.ts'
import type { World } from '../mapping/world.ts'
import { type Problem, planPath } from '../problem.ts'
import type { Plan } from '../schema.ts'
import { nameOf } from '../selection.ts'
import { checkLog } from './check-log.ts'
import { checkRowVersions } from './check-row-versions.ts'
import { compileMark } from './compile-mark.ts'
import { type SyncScope, syncScope } from './scope.ts'
import { compileWatched } from './watched-column.ts'

/** Rows that take long to compare. */
const manyRows = 100_000

/** Undefined where the plan moves its tables once. @param definition what is known of the entity so far */
export function compileSync(
  intent: Intent,
  definition: Pick<CompiledEntity, 'columns' | 'mapping'>,
  plan: Plan,
  world: World,
): CompiledSync | undefined {
  const { table, path, written } = intent.selected
  const { problems, notes } = world
  const own = written?.sync
  const general = plan.sync
  if (general === undefined) {
    if (own !== undefined) problems.push(notAsked([...path, 'sync']))
    return undefined
  }
  const scope = syncScope({ table, general, own, path, problems, notes })
  const stage = definition.mapping === undefined ? mapAsItIs(intent, plan, world) : undefined
  const isKeyed = definition.mapping !== undefined || stage !== undefined
  const strategy = chooseStrategy(scope, intent, isKeyed)
  const watched = compileWatched(scope, strategy, intent, world)
  if (strategy === 'log') checkLog(scope, intent.key, world)
  else if (strategy !== 'hash') checkRowVersions(scope, strategy, world)
  const deletes = own?.deletes ?? general.deletes
  const mark = compileMark(scope, { deletes, isKeyed, definition }, intent, world)
  return {
    strategy,
    ...watched,
    overlap_seconds: own?.overlap_seconds ?? general.overlap_seconds,
    deletes,
    ...(mark === undefined ? {} : { mark }),
    invalid: own?.invalid ?? general.invalid,
    delete_limit: own?.delete_limit ?? general.delete_limit,
    ...(stage === undefined ? {} : { stage: { columns: stage.columns, mapping: stage.mapping } }),
  }
}

/** The one that the plan asks for, or hash where it is about many tables and this one is no case for it. */
function chooseStrategy(scope: SyncScope, intent: Intent, isKeyed: boolean): SyncStrategy {
  const { table, general, own } = scope
  const wanted = own.strategy ?? general.strategy
  const isLookup = intent.strategy === 'lookup'
  if (wanted === 'hash' && isKeyed && !isLookup) noteSize(scope)
  if (wanted === 'hash' || (isKeyed && !isLookup)) return wanted
  const say = own.strategy === undefined ? scope.note : scope.problem
  const then =
    own.strategy === undefined ? 'Its rows are compared instead.' : 'Choose the strategy hash.'
  if (isLookup) {
    say('strategy', {
      code: 'sync_lookup',
      message: `The rows of ${nameOf(table)} are looked up in the target: a change at the source does not reach them.`,
      hint: `${then} Every comparison looks them up again.`,
    })
  } else {
    say('strategy', {
      code: 'sync_needs_key',
      message: `Nothing tells the rows of ${nameOf(table)} apart in the target, so that a changed one cannot be found there.`,
      hint: `${then} With a primary key that is copied, changes can be followed.`,
    })
  }
  return 'hash'
}

/** Tables that can be followed more closely, and more cheaply. */
function noteSize({ table, note }: SyncScope): void {
  const rows = estimateRows(table)
  if (rows < manyRows) return
  note('strategy', {
    code: 'sync_compares_all',
    message: `Sweeps of scope deletes compare all rows of ${nameOf(table)} on both sides, about ${rows.toLocaleString('en-US')}; those of scope changes pass it over.`,
    hint: 'Choose the strategy timestamp, xmin or log, or let sweeps of scope deletes run less often.',
  })
}

function notAsked(path: readonly PropertyKey[]): Problem {
  return {
    code: 'sync_not_asked',
    message: 'The entity says how it is kept in step, and the plan moves its tables once.',
    hint: 'Give the plan "sync": {} with what is to hold of all tables, or remove it here.',
    path: planPath(path),
  }
}
