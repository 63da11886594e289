/**
 * The check of the schema: what the migration was to make of the source's tables is held against what
 * the target has. Both catalogs are read by the same reader; what the migration left out on purpose is
 * not looked for, and of a table that a mapping found in the target only its sequences are. Writes
 * nothing that stays.
 */
import type { Sql } from 'postgres'
import { checkPlan } from '../../plan/check.ts'
import type { PlannedEntity } from '../../plan/compile.ts'
import type { Plan } from '../../plan/schema.ts'
import { FerryError } from '../../platform/errors.ts'
import { onSide } from '../../platform/side.ts'
import { classify } from '../../platform/sqlstate.ts'
import type { TableName } from '../../projection/entity.ts'
import type { TargetEntity } from '../../schema/moved-table.ts'
import { planTarget, type TargetDesign } from '../../schema/target-plan.ts'
import { readTargetState } from '../../schema/target-state.ts'
import { readCatalog } from '../../source/catalog.ts'
import type { Source } from '../../source/source.ts'
import type { Outcome } from '../outcome.ts'
import type { Comparison, TextPair } from './comparison.ts'
import { type Ledger, openLedger } from './ledger.ts'
import { comparePositions, reportAbsent } from './positions.ts'
import { printTexts } from './replay.ts'
import { compareSequences } from './sequences.ts'
import { compareTable } from './tables.ts'
import { lookUp } from './target-catalog.ts'
import { readTarget } from './target-transaction.ts'
import { compareTypes } from './user-types.ts'

export interface SchemaCheck {
  readonly source: Source
  readonly target: Sql
  readonly plan: Plan
  /**
   * `target_entity` of the tables that the target had before the migration: they keep what they had, so
   * that a difference there is a warning. None where it is left out.
   */
  readonly existed?: ReadonlySet<string>
}

/**
 * One result for each entity: `validated` counts the properties of objects that were compared, `issues`
 * those that differ. Of a finding, `object` is kind and name, and `detail` is `{ code, expected?, found? }`
 * with definitions; no value of a row.
 * @throws FerryError `source_changed` where the source no longer has what the plan moves; `source_*`,
 *   `target_*` as a failure is classified
 */
export async function verifySchema(check: SchemaCheck): Promise<Outcome> {
  const began = performance.now()
  const { target: sql, plan } = check
  const existed = check.existed ?? new Set<string>()
  const catalog = await check.source.catalog(plan.source.schemas)
  const { entities, problems } = checkPlan(plan, catalog)
  if (problems.length > 0) throw sourceChanged(problems.length)
  // The state names no other table, so that they are planned as if they were to be made.
  const state = await readTargetState(sql, keptTables(entities, existed), []).catch(
    (error: unknown) => {
      throw onSide('target', classify(error))
    },
  )
  const { design } = planTarget(entities, catalog, plan.rename.schemas, state)
  const schemas = new Set(design.tables.map(({ target }) => target.schema))
  const found = await readTarget(sql, (tx) => readCatalog(tx, [...schemas]))
  const names = entities.filter((each) => existed.has(each.target_entity))
  const ledger = openLedger(
    entities.map(({ entity_name }) => entity_name),
    new Set(names.map(({ entity_name }) => entity_name)),
  )
  const texts: TextPair[] = []
  const comparison: Comparison = {
    ledger,
    design,
    target: lookUp(found),
    texts,
    existed: ({ entity }) => existed.has(entity.target_entity),
    entityOf: entityNames(entities),
    isOmitted: omissionsOf(design),
  }
  for (const moved of design.tables) if (moved.isNew) compareTable(moved, comparison)
  compareTypes(comparison)
  const { probes, unused } = compareSequences(comparison)
  await settleTexts(sql, texts, ledger)
  await reportAbsent(sql, unused, ledger)
  const unread = await comparePositions(sql, probes, ledger)
  return ledger.outcome(performance.now() - began, {
    compared: 'tables, columns, constraints, indexes, sequences, types',
    texts_replayed: texts.length,
    positions_unread: unread,
  })
}

async function settleTexts(sql: Sql, texts: readonly TextPair[], ledger: Ledger): Promise<void> {
  const printed = await printTexts(sql, texts)
  for (const pair of texts) {
    const { at, code, expected, found } = pair
    const answer = printed.get(pair)
    if (answer === undefined) {
      ledger.report(at, 'text_not_comparable', { expected, found }, 'warning')
    } else ledger.hold(at, code, 'text' in answer ? answer.text : expected, found)
  }
}

/** A mapping fills what the target had as the target has it: of such a table nothing is the source's. */
function keptTables(
  entities: readonly TargetEntity[],
  existed: ReadonlySet<string>,
): readonly TableName[] {
  return entities.flatMap(({ shape, target_entity, definition }) =>
    shape !== undefined && existed.has(target_entity) ? [definition.target] : [],
  )
}

function entityNames(entities: readonly PlannedEntity[]): Comparison['entityOf'] {
  const names = new Map(entities.map((each) => [each.target_entity, each.entity_name]))
  return ({ entity }) => names.get(entity.target_entity) ?? entity.target_entity
}

function omissionsOf({ omissions }: TargetDesign): Comparison['isOmitted'] {
  const key = (...parts: readonly string[]) => JSON.stringify(parts)
  const omitted = new Set(
    omissions.map(({ what, table, name }) => key(what, table.schema, table.name, name)),
  )
  return (what, { table }, name) => omitted.has(key(what, table.schema, table.name, name))
}

function sourceChanged(problems: number): FerryError {
  return new FerryError({
    code: 'source_changed',
    message:
      'The source no longer has everything that the plan moves, so the schemas cannot be compared.',
    hint: 'Undo the change at the source, or check the plan against it: ferry check names every problem.',
    status: 409,
    kind: 'data_validation',
    context: { problems },
  })
}
