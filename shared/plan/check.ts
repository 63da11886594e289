/** Everything that can be said about a plan, with the target or without it. */
import type { TargetState } from '../schema/target-state.ts'
import type { Catalog } from '../source/catalog-rows.ts'
import { type Compilation, compilePlan } from './compile.ts'
import type { Note } from './problem.ts'
import type { Plan } from './schema.ts'
import { scheduleNotes } from './sync/schedule-notes.ts'

/** @param state @param now see `compilePlan` */
export function checkPlan(
  plan: Plan,
  catalog: Catalog,
  state?: TargetState,
  now?: TargetState,
): Compilation {
  const { entities, problems, notes } = compilePlan(plan, catalog, state, now)
  return {
    entities,
    problems,
    notes: [...notes, ...scheduleNotes(plan, entities), ...encodingNotes(catalog)],
  }
}

function encodingNotes(catalog: Catalog): Note[] {
  if (catalog.encoding !== 'SQL_ASCII') return []
  return [
    {
      code: 'source_encoding_unknown',
      message: 'The source database is SQL_ASCII: its texts can hold bytes of any encoding.',
      hint: 'Rows with bytes that are not UTF-8 are refused by the target; convert them first.',
      path: 'source',
    },
  ]
}
