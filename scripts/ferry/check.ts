/** `ferry check PLAN`: everything that stands against a plan, without starting anything. */
import { checkPlan } from '../../shared/plan/check.ts'
import { parsePlan } from '../../shared/plan/schema.ts'
import type { Finding } from './answers.ts'
import type { Client } from './client.ts'
import type { Console } from './console.ts'
import { EXIT, type ExitCode } from './exit.ts'
import { remarkAll } from './findings.ts'
import { readSource } from './legacy.ts'
import { readPlan } from './plan-file.ts'
import type { Problem } from './refusal.ts'

/** Looks at the source from this machine; what the target has to say is not known then. */
export async function check(
  console: Console,
  planPath: string,
  source: string | undefined,
): Promise<ExitCode> {
  const { plan, problems } = parsePlan(await readPlan(planPath))
  if (plan === undefined) return tell(console, findings(problems, []), 0)
  const { catalog } = await readSource(source, plan.source.schemas)
  const checked = checkPlan(plan, catalog)
  return tell(console, findings(checked.problems, checked.notes), checked.entities.length)
}

/** Has the project look at both sides. */
export async function checkInProject(
  client: Client,
  console: Console,
  planPath: string,
): Promise<ExitCode> {
  const checked = await client.check(await readPlan(planPath))
  return tell(console, checked.findings, checked.entities)
}

function findings(problems: readonly Problem[], notes: readonly Problem[]): Finding[] {
  return [
    ...problems.map((problem) => ({ severity: 'problem' as const, ...problem })),
    ...notes.map((note) => ({ severity: 'note' as const, ...note })),
  ]
}

/** Exit code 1 where something stands against the plan. */
function tell(console: Console, found: readonly Finding[], entities: number): ExitCode {
  const problems = found.filter(({ severity }) => severity === 'problem')
  console.result({ findings: found, entities })
  if (!console.json) {
    remarkAll(console, 'error', problems)
    remarkAll(
      console,
      'note',
      found.filter(({ severity }) => severity === 'note'),
    )
  }
  if (problems.length > 0) return EXIT.unsuccessful
  console.say(`The plan is good: ${entities} entities.`)
  return EXIT.done
}
