/** Verifies, repairs or replays, from this machine, what `ferry run` has moved: the same functions, once more. */
import type { Sql } from 'postgres'
import { openTarget } from '../../shared/target/connect.ts'
import { control } from '../../shared/target/control.ts'
import type { Mode, Report } from '../ferry/report.ts'
import { ACTOR } from './begin.ts'
import { openDispatcher } from './dispatcher.ts'
import { drive, type Look, readReport } from './drive.ts'
import { at, refusal } from './failure.ts'
import { forgetFunctions, openFunctions, WORKER } from './functions.ts'
import { beginReplay, type Replay } from './replay.ts'
import { inspectTarget } from './server.ts'

export interface VerifyOptions {
  /** Addresses of the two databases. */
  readonly source: string
  readonly target: string
  /** Id of the migration or a beginning of it; the newest where absent. */
  readonly id: string | undefined
  /** The plan's where absent. */
  readonly mode: Mode | undefined
  readonly action: 'verify' | 'repair' | 'replay'
  /** What is replayed. */
  readonly replay?: Replay
  /** Asks to stop: what is at work ends, the pass goes on with the next verification. */
  readonly signal: AbortSignal
  readonly log: (line: string) => void
}

interface Migration {
  readonly id: string
  readonly secret: string
  readonly dispatch_mode: string
  readonly lanes_allowed: number
  readonly verification_id: string | null
}

/**
 * @returns the report as it is after the pass; undefined where it was stopped before its end
 * @throws FerryError `migration_unknown`, `migration_driven_elsewhere`, `transition_illegal`,
 *   `nothing_to_repair`, `nothing_to_replay`, `run_active`; `target_unreachable` and its like
 */
export async function verifyHere(options: VerifyOptions): Promise<Report | undefined> {
  const target = openTarget(options.target)
  try {
    const { has_control } = await inspectTarget(target)
    const migration = has_control ? await findMigration(target, options.id) : undefined
    if (migration === undefined) throw unknown()
    if (migration.dispatch_mode !== 'notify') throw drivenElsewhere(migration.id)
    const deaths = new EventTarget()
    const host = await openFunctions({
      target: options.target,
      secrets: { [migration.secret]: options.source },
      log: options.log,
      onIsolateDeath: () => deaths.dispatchEvent(new Event('death')),
    })
    const kill = () => {
      for (const isolate of host.living()) isolate.kill('shutdown')
    }
    process.once('exit', kill)
    try {
      void host.warm(WORKER, migration.lanes_allowed)
      return await pass(options, target, migration, { url: host.url, deaths })
    } finally {
      process.off('exit', kill)
      await host.close()
      forgetFunctions(options.target)
    }
  } finally {
    await target.end({ timeout: 1 })
  }
}

async function pass(
  options: VerifyOptions,
  target: Sql,
  { id, verification_id }: Migration,
  functions: { readonly url: string; readonly deaths: EventTarget },
): Promise<Report | undefined> {
  const dispatcher = await openDispatcher(options.target, functions.url)
  try {
    const verbs = control(target)
    // What an interrupted command left at work is ended first.
    if (verification_id !== null) await at('target', verbs.watchdog())
    else if (options.action === 'repair') await at('target', verbs.repair(id, ACTOR))
    else if (options.action === 'replay')
      await beginReplay(target, options.source, id, options.replay ?? { choice: {} })
    else await at('target', verbs.verify(id, ACTOR, options.mode ?? null))
    const outcome = await drive({
      id,
      target,
      dispatcher,
      deaths: functions.deaths,
      stepping: new Promise<never>(() => undefined),
      outcome: ofPass,
      display: undefined,
      signal: options.signal,
    })
    return outcome === 'going' ? undefined : await readReport(target, id)
  } finally {
    await dispatcher.close()
  }
}

function ofPass(look: Look) {
  if (look === undefined) return 'cancelled'
  return look.verification_id === null ? 'completed' : 'going'
}

async function findMigration(sql: Sql, id: string | undefined): Promise<Migration | undefined> {
  const found = await at(
    'target',
    sql<Migration[]>`
      select o.id, o.plan #>> '{source,secret}' as secret, o.lanes_allowed, o.verification_id,
             o.configuration ->> 'dispatch_mode' as dispatch_mode
        from migration.orchestrations o
       where o.parent_id is null and starts_with(o.id::text, ${id?.toLowerCase() ?? ''}) order by o.created_at desc limit 2`,
  )
  if (id !== undefined && found.length > 1) throw ambiguous()
  return found[0]
}

function unknown() {
  return refusal(
    'migration_unknown',
    'The target has no such migration.',
    'Check --target and the id; without an id, the newest migration is meant.',
  )
}

function ambiguous() {
  return refusal(
    'migration_ambiguous',
    'Several migrations have an id that begins so.',
    'Give more of the id.',
  )
}

function drivenElsewhere(id: string) {
  return refusal(
    'migration_driven_elsewhere',
    `Migration ${id} is run by the project's own functions.`,
    `Let them verify it: ferry verify ${id.slice(0, 8)}, without --source and --target.`,
  )
}
