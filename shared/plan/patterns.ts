/** Whether the target understands the patterns of a plan: only a server knows its regular expressions. */
import { classify } from '../platform/sqlstate.ts'
import { quoteLiteral } from '../projection/quote.ts'
import { type Problem, planPath } from './problem.ts'
import type { Plan } from './schema.ts'

/** SQLSTATE of a pattern that does not compile. */
const invalidPattern = '2201B'

/**
 * Problems with patterns, each at its path. Asks once where there is none.
 * @param ask runs one statement on the target, under `standard_conforming_strings`
 * @throws FerryError as `classify` names any other failure
 */
export async function patternProblems(
  plan: Plan,
  ask: (statement: string) => PromiseLike<unknown>,
): Promise<Problem[]> {
  const patterns = patternsOf(plan)
  const texts = [...new Set(patterns.map(({ pattern }) => pattern))]
  if (texts.length === 0 || (await compiles(texts, ask))) return []
  const broken = new Set<string>()
  for (const text of texts) if (!(await compiles([text], ask))) broken.add(text)
  return patterns
    .filter(({ pattern }) => broken.has(pattern))
    .map(({ path }) => ({
      code: 'rule_pattern_invalid',
      message: 'The target does not understand the pattern as a regular expression.',
      hint: 'Write it as PostgreSQL does: see "POSIX Regular Expressions" in its manual.',
      path: planPath(path),
    }))
}

function patternsOf(plan: Plan) {
  if (plan.entities === '*') return []
  return plan.entities.flatMap((entity, at) =>
    typeof entity === 'string'
      ? []
      : (entity.rules ?? []).flatMap((rule, place) =>
          rule.rule === 'pattern'
            ? [{ pattern: rule.pattern, path: ['entities', at, 'rules', place, 'pattern'] }]
            : [],
        ),
  )
}

async function compiles(
  texts: readonly string[],
  ask: (statement: string) => PromiseLike<unknown>,
): Promise<boolean> {
  const list = texts.map((text) => `(${quoteLiteral(text)})`).join(', ')
  try {
    await ask(`select count(*) from (values ${list}) as asked (pattern) where '' ~ pattern`)
    return true
  } catch (error) {
    const failure = classify(error)
    if (failure.context.sqlstate === invalidPattern) return false
    throw failure
  }
}
