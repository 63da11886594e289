/** Sweeps that never run, and what is never found because of it. */
import type { CompiledEntity } from '../../projection/entity.ts'
import type { Note } from '../problem.ts'
import type { Plan } from '../schema.ts'

/** @param entities as they were compiled: what follows by comparing rows does so with the keys, too */
export function scheduleNotes(
  { sync }: Plan,
  entities: readonly { readonly definition: CompiledEntity }[],
): Note[] {
  if (sync === undefined || sync.schedule.hash !== null) return []
  const strategies = entities.map(({ definition }) => definition.sync?.strategy)
  const isBlind = strategies.some((each) => each !== 'hash' && each !== 'log')
  const misses: Note = {
    code: 'sync_never_compares',
    message: 'No sweep compares all rows: a change that a strategy does not see stays unseen.',
    hint: 'Give sync.schedule.hash a time, once a week at least.',
    path: 'sync.schedule.hash',
  }
  const deletes: Note = {
    code: 'sync_never_deletes',
    message: 'No sweep compares keys: rows that are deleted at the source stay in the target.',
    hint: 'Give sync.schedule.deletes a time.',
    path: 'sync.schedule.deletes',
  }
  return [
    ...(strategies.some((each) => each !== 'hash') || sync.schedule.deletes === null
      ? [misses]
      : []),
    ...(isBlind && sync.schedule.deletes === null ? [deletes] : []),
  ]
}
