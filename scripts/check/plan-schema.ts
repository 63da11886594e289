/**
 * The JSON Schema of a plan, for editors, held against the one definition in shared/plan/schema.ts.
 * `--write` updates it instead.
 */
import { planJsonSchema } from '../../shared/plan/schema.ts'
import { generatedProblems } from './generated.ts'

const problems = await generatedProblems(
  'docs/plan.schema.json',
  JSON.stringify(planJsonSchema(), null, 2),
  process.argv.includes('--write'),
)
for (const problem of problems) console.error(problem)
process.exitCode = problems.length === 0 ? 0 : 1
