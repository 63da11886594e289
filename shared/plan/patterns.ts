/**
 * What of a plan only a server can judge: whether it understands regular expressions, and which time
 * zones it knows.
 */
import { classify } from '../platform/sqlstate.ts'
import { quoteLiteral } from '../projection/quote.ts'
import { patternsOfExpression, zonesOfExpression } from './expression/expression-parts.ts'
import { writtenColumns } from './mapping/walk.ts'
import { type Problem, planPath } from './problem.ts'
import type { Plan, WrittenEntity } from './schema.ts'

/** Runs one statement on the target, under `standard_conforming_strings`. */
type Ask = (statement: string) => PromiseLike<unknown>

type Path = readonly PropertyKey[]

/** SQLSTATE of a pattern that does not compile. */
const invalidPattern = '2201B'

/**
 * Problems with patterns, each at its path. Asks once where there is none.
 * @throws FerryError as `classify` names any other failure
 */
export async function patternProblems(plan: Plan, ask: Ask): Promise<Problem[]> {
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

/** Runs one statement on a server, for names of zones. */
type AskZones = (statement: string) => PromiseLike<readonly { readonly zone?: string }[]>

/**
 * Problems with the time zones of expressions, each at its path.
 * @throws FerryError as `classify` names a failure
 */
export function zoneProblems(plan: Plan, ask: AskZones): Promise<Problem[]> {
  const zones = expressionsOf(plan).flatMap((each) => zonesOfExpression(each.expression, each.path))
  return unknownZones(zones, 'target', ask)
}

/** The same with those that times of the last change are meant in: the source compares them. */
export function sourceZoneProblems(plan: Plan, ask: AskZones): Promise<Problem[]> {
  const zones = entitiesOf(plan).flatMap(({ entity: { sync }, path }) =>
    sync?.zone === undefined ? [] : [{ zone: sync.zone, path: [...path, 'sync', 'zone'] }],
  )
  return unknownZones(zones, 'source', ask)
}

async function unknownZones(
  zones: readonly { readonly zone: string; readonly path: Path }[],
  side: 'source' | 'target',
  ask: AskZones,
): Promise<Problem[]> {
  const names = [...new Set(zones.map(({ zone }) => zone))]
  if (names.length === 0) return []
  const list = names.map((name) => `(${quoteLiteral(name)})`).join(', ')
  const rows = await ask(`select asked.zone from (values ${list}) as asked (zone)
    where not exists (select from pg_catalog.pg_timezone_names z
      where pg_catalog.lower(z.name) = pg_catalog.lower(asked.zone))`)
  const unknown = new Set(rows.map(({ zone }) => zone))
  return zones
    .filter(({ zone }) => unknown.has(zone))
    .map(({ path }) => ({
      code: 'zone_unknown',
      message: `The ${side} knows no such time zone.`,
      hint: `Write it as IANA does, such as Europe/Berlin, or as the release of the ${side} knows it.`,
      path: planPath(path),
    }))
}

function patternsOf(plan: Plan): { readonly pattern: string; readonly path: Path }[] {
  const ofRules = entitiesOf(plan).flatMap(({ entity: { rules = [] }, path }) =>
    rules.flatMap((rule, at) =>
      rule.rule === 'pattern'
        ? [{ pattern: rule.pattern, path: [...path, 'rules', at, 'pattern'] }]
        : [],
    ),
  )
  const ofColumns = expressionsOf(plan).flatMap((each) =>
    patternsOfExpression(each.expression, each.path),
  )
  return [...ofRules, ...ofColumns]
}

function expressionsOf(plan: Plan): ReturnType<typeof writtenColumns> {
  return entitiesOf(plan).flatMap(({ entity: { columns, id }, path }) => [
    ...(columns === undefined || Array.isArray(columns)
      ? []
      : writtenColumns(columns, [...path, 'columns'])),
    ...(id?.by === undefined ? [] : writtenColumns(id.by, [...path, 'id', 'by'])),
  ])
}

function entitiesOf({ entities }: Plan): { readonly entity: WrittenEntity; readonly path: Path }[] {
  if (entities === '*') return []
  return entities.flatMap((entity, at) =>
    typeof entity === 'string' ? [] : [{ entity, path: ['entities', at] }],
  )
}

async function compiles(texts: readonly string[], ask: Ask): Promise<boolean> {
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
