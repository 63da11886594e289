/** Begins a replay of what `ferry run` has moved; the functions on this machine do the rest. */
import type { Sql } from 'postgres'
import { prepareAmendment } from '../../shared/start/amend.ts'
import { control } from '../../shared/target/control.ts'
import { type Amendment, type Choice, deadLetters } from '../../shared/target/dead-letters.ts'
import { ACTOR, refused } from './begin.ts'
import { at } from './failure.ts'

export interface Replay {
  readonly choice: Choice
  /** A mended plan, nothing checked; the migration's own where absent. */
  readonly plan?: unknown
}

/** @throws Refusal with every problem of the plan; FerryError `nothing_to_replay`, `transition_illegal`, … */
export async function beginReplay(
  target: Sql,
  source: string,
  id: string,
  { choice, plan }: Replay,
): Promise<void> {
  const amendment = plan === undefined ? undefined : await amend(target, source, id, plan)
  await at('target', deadLetters(target).replay(id, ACTOR, choice, amendment))
}

async function amend(target: Sql, source: string, id: string, plan: unknown): Promise<Amendment> {
  const mends = await at('target', control(target).beginningOf(id))
  const resolveSecret = () => Promise.resolve(source)
  const { amendment, problems } = await at(
    'target',
    prepareAmendment({ plan, target, resolveSecret, mends }),
  )
  if (amendment === undefined) throw refused(problems)
  return amendment
}
