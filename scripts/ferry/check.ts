/** `ferry check PLAN`: what stands against a plan, without starting anything. */
import { checkPlan } from '../../shared/plan/check.ts'
import { parsePlan } from '../../shared/plan/schema.ts'
import type { Console } from './console.ts'
import { EXIT, type ExitCode } from './exit.ts'
import { remarkAll } from './findings.ts'
import { readSource } from './legacy.ts'
import { readPlan } from './plan-file.ts'

/** Prints every problem and note; exit code 2 where something stands against the plan. */
export async function check(
  console: Console,
  planPath: string,
  source: string | undefined,
): Promise<ExitCode> {
  const { plan, problems } = parsePlan(await readPlan(planPath))
  if (plan === undefined) return tell(console, { problems, notes: [], entities: [] })
  const { catalog } = await readSource(source, plan.source.schemas)
  return tell(console, checkPlan(plan, catalog))
}

type Compilation = ReturnType<typeof checkPlan>

function tell(console: Console, { problems, notes, entities }: Compilation): ExitCode {
  const names = entities.map(({ entity_name, target_entity, dependency_order, records_total }) => ({
    entity_name,
    target_entity,
    dependency_order,
    records_total,
  }))
  console.result({ problems, notes, entities: names })
  if (!console.json) {
    remarkAll(console, 'error', problems)
    remarkAll(console, 'note', notes)
  }
  if (problems.length > 0) return EXIT.refused
  console.say(`The plan is good: ${entities.length} entities.`)
  return EXIT.done
}
