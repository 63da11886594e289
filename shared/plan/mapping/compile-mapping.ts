/** A mapped entity: what its stage holds, and the statements that make rows of the target of it. */
import type { CompiledColumn, CompiledReference, CompiledRule } from '../../projection/entity.ts'
import type { CompiledMapping, LateReference } from '../../projection/mapping.ts'
import type { CatalogColumn } from '../../source/catalog-rows.ts'
import type { Plan } from '../schema.ts'
import { type Check, checksOf, isRule, lookupClause, type Rejection } from './checks.ts'
import { type MadeColumn, type MadeColumns, makeColumns } from './compile-columns.ts'
import { compileMappedRules } from './compile-mapped-rules.ts'
import { contradictions } from './contradictions.ts'
import { carrierOf, type Intent } from './intent.ts'
import type { ShapedColumn } from './shape.ts'
import { openStage } from './stage.ts'
import { columnProblems } from './target-columns.ts'
import { passing, type World } from './world.ts'

export interface MappedEntity {
  readonly columns: readonly CompiledColumn[]
  readonly mapping: CompiledMapping
  readonly serial: boolean
  readonly rules: readonly CompiledRule[]
  readonly references: readonly CompiledReference[]
  readonly shape: readonly ShapedColumn[]
  /** Columns of the source that are read. */
  readonly read: readonly CatalogColumn[]
}

export function compileMapping(intent: Intent, plan: Plan, world: World): MappedEntity {
  const { problems, state } = world
  problems.push(...columnProblems(intent, state))
  const stage = openStage(world.catalog.types, state?.unknown_types ?? [])
  const maps: string[] = []
  const made = makeColumns(intent, 'select', stage, maps, world)
  // The same again: what is wrong with it has been said.
  const silent = { ...world, problems: [], notes: [] }
  const expected = makeColumns(intent, 'expected', stage, maps, silent)
  const { rules, rejections } = compileMappedRules(intent, made.columns, world)
  const checks = checksOf(intent, made.columns, rejections)
  const unique = uniqueRules(made.columns, checks, rejections)
  const conflict = conflictOf(intent, world)
  problems.push(...contradictions(intent, made.columns, { conflict, unique }))
  const { written } = intent.selected
  const mapping: CompiledMapping = {
    strategy: intent.strategy,
    entity_type: written?.type ?? intent.selected.target.table,
    system: world.system,
    maps,
    key: made.key,
    rows_table: rowsTable(made.columns),
    select: statement(intent, made, checks, world),
    expected: statement(intent, expected, checksOf(intent, expected.columns, rejections), world),
    columns: made.columns.map(({ wanted }) => wanted.target),
    identity: identityOf(intent, made.columns),
    id: idPlace(intent, made.columns),
    conflict,
    refusals: checks.map(({ refusal }) => refusal),
    unique,
    late: lateReferences(made.columns, checks),
    limit: written?.refusals ?? plan.settings.refusals ?? { rows: 1000, share: 0.5 },
  }
  return {
    columns: stage.columns(),
    mapping,
    serial: unique.length > 0,
    rules,
    references: referencesOf(made.columns),
    shape: [...made.columns.map((column) => shaped(intent, column)), ...intent.generated.map(kept)],
    read: stage.sources(),
  }
}

function rowsTable(columns: readonly MadeColumn[]): string {
  const own = columns.map(({ type }, at) => `, c${at} ${type.rows}`).join('')
  return `create temp table ferry_rows (place tid, key text, refused smallint${own}) on commit drop`
}

function statement(
  intent: Intent,
  { columns, joins, key }: MadeColumns,
  checks: readonly Check[],
  world: World,
): string {
  const isLookup = intent.strategy === 'lookup'
  const cases = checks.flatMap(({ condition }, at) =>
    condition === null ? [] : [`when ${condition} then ${at + 1}`],
  )
  const refused = cases.length === 0 ? 'null' : `case\n  ${cases.join('\n  ')} end`
  const isComputed = ({ wanted }: MadeColumn) => !(isLookup && wanted.expression === null)
  const values = columns.flatMap((column, at) =>
    isComputed(column) ? [`${column.sql} as c${at}`] : [],
  )
  const names = columns.map((column, at) => (isComputed(column) ? `v.c${at}` : `l.id as c${at}`))
  return [
    `select s.ctid as place, ${key} as key, (${refused})::smallint as refused${names.map((name) => `, ${name}`).join('')}`,
    'from pg_temp.ferry_stage s',
    ...joins.clauses,
    // Computed once, however often it is asked for.
    `cross join lateral (select ${values.join(',\n  ')} offset 0) v`,
    ...(isLookup ? [lookupClause(intent, columns, world)] : []),
    'where s.ctid between $2 and $3',
  ].join('\n')
}

function identityOf(intent: Intent, columns: readonly MadeColumn[]): number[] {
  if (intent.id !== null) return [idPlace(intent, columns) ?? 0]
  return intent.key.flatMap((name) => {
    const carrier = carrierOf(intent, name)
    const at = columns.findIndex(({ wanted }) => wanted === carrier)
    return at < 0 ? [] : [at]
  })
}

function idPlace({ id }: Intent, columns: readonly MadeColumn[]): number | null {
  const at = columns.findIndex(({ wanted }) => id !== null && wanted.target === id)
  return at < 0 ? null : at
}

/** A table that is made has nothing to be in conflict with, and maybe no index yet that would tell. */
function conflictOf({ selected, existing }: Intent, { state }: World): CompiledMapping['conflict'] {
  if (state !== undefined && existing === undefined) return 'fail'
  return selected.written?.conflict ?? 'fail'
}

function uniqueRules(
  columns: readonly MadeColumn[],
  checks: readonly Check[],
  rejections: readonly (Rejection & { readonly wins?: 'first' | 'last' })[],
): CompiledMapping['unique'] {
  return rejections
    .filter(({ violation }) => violation === undefined)
    .map((rejection) => ({
      columns: rejection.columns.map((name) =>
        columns.findIndex(({ wanted }) => wanted.target === name),
      ),
      refusal: checks.findIndex((check) => isRule(check, rejection)) + 1,
      wins: rejection.wins ?? 'first',
    }))
}

function lateReferences(columns: readonly MadeColumn[], checks: readonly Check[]): LateReference[] {
  return columns.flatMap(({ wanted, references }) =>
    references
      .filter(({ isLate }) => isLate)
      .map((reference) => ({
        column: wanted.target,
        parent: reference.parent.selected.target,
        parent_column: reference.parent_column,
        missing: reference.missed,
        refusal: checks.findIndex(({ late }) => late === reference) + 1,
      })),
  )
}

/** What is looked for in the target: that every reference leads to a row. */
function referencesOf(columns: readonly MadeColumn[]): CompiledReference[] {
  return columns.flatMap(({ wanted, references }) =>
    references
      .filter(({ isWhole }) => isWhole)
      .map(({ parent, parent_column, sources }) => ({
        name: `reference ${wanted.target}`,
        columns: [wanted.target],
        source_columns: sources.map(({ name }) => name),
        referenced: parent.selected.target,
        referenced_columns: [parent_column],
        match_full: false,
        validated: true,
      })),
  )
}

function shaped(intent: Intent, { wanted, type, references }: MadeColumn): ShapedColumn {
  const source = passing(intent, wanted)
  const reference = references.find(({ isWhole }) => isWhole)
  const [key, ...others] = intent.key
  const isKey = key !== undefined && others.length === 0 && carrierOf(intent, key) === wanted
  return {
    target: wanted.target,
    type: type.type,
    type_oid: type.oid,
    from: source?.name ?? null,
    reference:
      reference === undefined
        ? null
        : {
            entity_name: reference.parent.name,
            source_columns: reference.sources.map(({ name }) => name),
          },
    is_id: intent.id === null ? isKey : wanted.expression === null,
    not_null: type.not_null,
  }
}

function kept({ name, type, type_oid, not_null }: CatalogColumn): ShapedColumn {
  return {
    target: name,
    type,
    type_oid,
    from: name,
    reference: null,
    is_id: false,
    not_null,
    is_generated: true,
  }
}
