/** Sequences of the target go on where those of the source stand now. */
import type { Sql } from 'postgres'
import { checkPlan } from '../../plan/check.ts'
import type { Plan } from '../../plan/schema.ts'
import { FerryError } from '../../platform/errors.ts'
import { planTarget } from '../../schema/target-plan.ts'
import { readTargetState } from '../../schema/target-state.ts'
import type { Source } from '../../source/source.ts'

/**
 * Statements that set each sequence, as the step after the copy did, from the source as it is now.
 * @param existed `target_entity` of the tables that the target had before the migration
 * @throws FerryError `source_changed`; `source_*`, `target_*` as a failure is classified
 */
export async function sequenceStatements(
  source: Source,
  target: Sql,
  plan: Plan,
  existed: ReadonlySet<string>,
): Promise<readonly string[]> {
  const catalog = await source.catalog(plan.source.schemas)
  const { entities, problems } = checkPlan(plan, catalog)
  if (problems.length > 0) throw sourceChanged(problems.length)
  const there = entities.filter(({ target_entity }) => existed.has(target_entity))
  const state = await readTargetState(
    target,
    there.map(({ definition }) => definition.target),
    [],
  )
  // The state names no other table, so that they are planned as the migration has made them.
  const { design } = planTarget(entities, catalog, plan.rename.schemas, state)
  const positions = design.tables.flatMap((moved) => design.sequences.positions(moved))
  return positions.map(({ statement }) => statement)
}

function sourceChanged(problems: number): FerryError {
  return new FerryError({
    code: 'source_changed',
    message: 'The source no longer has everything that the plan moves.',
    hint: 'Undo the change at the source, or mend the plan: ferry check names every problem.',
    status: 409,
    kind: 'data_validation',
    context: { problems },
  })
}
