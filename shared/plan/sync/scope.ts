/** What the checks of one entity's part of incremental sync share. */
import type { CatalogTable } from '../../source/catalog-rows.ts'
import { type Note, type Problem, planPath } from '../problem.ts'
import type { EntitySync, PlanSync } from './sync.ts'

type Told = Omit<Problem, 'path'>

export interface SyncScope {
  readonly table: CatalogTable
  /** What the plan says of all entities. */
  readonly general: PlanSync
  /** What the entity says itself. */
  readonly own: EntitySync
  problem(key: keyof EntitySync, told: Told): void
  note(key: keyof EntitySync, told: Told): void
}

export function syncScope(
  given: Pick<SyncScope, 'table' | 'general'> & {
    readonly own: EntitySync | undefined
    readonly path: readonly PropertyKey[]
    readonly problems: Problem[]
    readonly notes: Note[]
  },
): SyncScope {
  const { table, general, own = {}, path, problems, notes } = given
  // An entity that says nothing has it from the plan; what a plan cannot say is missing at the entity.
  const place = (key: keyof EntitySync) => {
    if (given.own === undefined && Object.hasOwn(general, key)) return planPath(['sync', key])
    return planPath(given.own === undefined ? path : [...path, 'sync', key])
  }
  return {
    table,
    general,
    own,
    problem: (key, told) => problems.push({ ...told, path: place(key) }),
    note: (key, told) => notes.push({ ...told, path: place(key) }),
  }
}
