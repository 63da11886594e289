/**
 * Which mapped entities can be loaded directly, and with what. Only those that leave nothing to decide in
 * the target: no row can be refused or left out, and every value is made by SQL that cannot raise.
 * Whatever is not known for certain is staged.
 */
import { travelInBinary } from '../../projection/binary-format.ts'
import type { CompiledDirect } from '../../projection/direct.ts'
import type { CompiledColumn } from '../../projection/entity.ts'
import { entityNamespace } from '../../projection/name-uuid.ts'
import type { CatalogColumn } from '../../source/catalog-rows.ts'
import { standardName } from '../names.ts'
import type { Intent, WantedColumn } from './intent.ts'
import { openJoins } from './joins.ts'
import { keyText } from './key-text.ts'
import { resolveReference } from './reference.ts'
import { findEnds } from './reference-ends.ts'
import { type Columns, overSource, travelType } from './stage.ts'
import { passing, sourceColumn, type World } from './world.ts'

interface DirectCandidate {
  readonly direct: CompiledDirect
  /** Entities whose rows have to be complete for it, by name; maybe its own. */
  readonly parents: readonly string[]
}

/** Undefined where the entity by itself needs the stage. */
function compileDirect(intent: Intent, world: World): DirectCandidate | undefined {
  const quiet = { ...world, problems: [], notes: [] }
  if (!isUndecided(intent, quiet)) return undefined
  const asText = makeColumns(intent, overSource(world.catalog.types, 'text'), quiet)
  if (asText === undefined) return undefined
  const isBinary = travelInBinary(asText.columns)
  const made = isBinary
    ? makeColumns(intent, overSource(world.catalog.types, 'binary'), quiet)!
    : asText
  const asked = (intent.selected.written?.depends_on ?? []).map(standardName)
  const direct = {
    columns: made.columns,
    ...(isBinary ? { format: 'binary' as const } : {}),
    ahead_of: [...new Set(made.parents)].filter((parent) => !asked.includes(parent)),
    map: intent.id === null ? null : entryOf(intent, world),
  }
  return { direct, parents: made.parents }
}

/** By name: those that stay when each needs its parents complete, direct themselves and without a filter. */
export function directEntities(world: World): ReadonlyMap<string, CompiledDirect> {
  const left = new Map<string, DirectCandidate>()
  for (const [name, intent] of world.intents) {
    const candidate = intent.why === null ? undefined : compileDirect(intent, world)
    if (candidate !== undefined) left.set(name, candidate)
  }
  const isComplete = (name: string) => {
    const { why, selected } = world.intents.get(name)!
    return selected.filter === null && (why === null || left.has(name))
  }
  for (;;) {
    const lost = [...left].filter(([, { parents }]) => !parents.every(isComplete))
    if (lost.length === 0) break
    for (const [name] of lost) left.delete(name)
  }
  return new Map([...left].map(([name, { direct }]) => [name, direct]))
}

/** Keys whose text is the same wherever it is printed. */
const plainKeys = new Set(['smallint', 'integer', 'bigint', 'uuid', 'text', 'character varying'])

function isUndecided(intent: Intent, { state, catalog }: World): boolean {
  const { strategy, existing, selected, key, id } = intent
  // A table that the migration makes takes what its source holds, and nothing can be there before.
  if (strategy === 'lookup' || state === undefined || existing !== undefined) return false
  if (selected.rules.some(({ severity }) => severity === 'reject')) return false
  // Only where ids are made of it, the key has to have a text.
  const isPlain = (name: string) =>
    plainKeys.has(bareType(sourceColumn(selected.table, name)!, catalog))
  return key.length > 0 && (id === null || key.every(isPlain))
}

/** Of a domain what it is made of, without a length; empty for what only the server knows. */
function bareType({ type, type_oid }: CatalogColumn, { types }: World['catalog']): string {
  return travelType(type, type_oid, types)?.replace(/\(\d+\)$/, '') ?? ''
}

/** In the map, which takes binary. */
function entryOf(intent: Intent, { system, catalog }: World): CompiledDirect['map'] {
  const over = overSource(catalog.types, 'binary')
  const key = keyOf(intent, over)
  return { key, id: over.nameUuid(entityNamespace(system, intent.name), key) }
}

function keyOf({ key, selected }: Intent, columns: Columns): string {
  return keyText(key.map((name) => columns.value(sourceColumn(selected.table, name)!)))
}

interface Made {
  readonly columns: readonly CompiledColumn[]
  readonly parents: readonly string[]
}

function makeColumns(intent: Intent, over: Columns, world: World): Made | undefined {
  const parents: string[] = []
  const columns: CompiledColumn[] = []
  for (const wanted of intent.columns) {
    const made =
      straight(intent, wanted) ??
      given(intent, wanted, over, world) ??
      reference(intent, wanted, over, world, parents)
    if (made === undefined) return undefined
    columns.push(made)
  }
  return { columns, parents }
}

/** Goes into a column that is made with its own type, as in a plain copy. */
function straight(intent: Intent, wanted: WantedColumn) {
  const source = passing(intent, wanted)
  if (source === undefined) return undefined
  return { source: source.name, target: wanted.target, type: source.type }
}

function given(
  intent: Intent,
  { target, expression }: WantedColumn,
  over: Columns,
  { system }: World,
) {
  if (expression !== null) return undefined
  const named = over.nameUuid(entityNamespace(system, intent.name), keyOf(intent, over))
  return { source: target, target, type: 'uuid', expression: named }
}

/** The id of a parent that is certain to be there: it is named without a look. */
function reference(
  child: Intent,
  { target, expression, path }: WantedColumn,
  stage: Columns,
  world: World,
  parents: string[],
): CompiledColumn | undefined {
  if (expression === null || typeof expression === 'string') return undefined
  if (expression.op !== 'reference' || expression.when !== undefined) return undefined
  const ends = findEnds(expression, path, { child, world })
  if (ends === undefined || !isEnsured(child, ends, world)) return undefined
  const scope = { child, world, stage, joins: openJoins([]) }
  const made = resolveReference(expression, path, 'named', scope)
  if (made === undefined || made.missing !== null || made.value.fails.length > 0) return undefined
  parents.push(ends.parent.name)
  return { source: target, target, type: made.type.type, expression: made.value.sql }
}

/** The source itself sees to it that the parent is there, and that equal keys have one text. */
function isEnsured(
  { selected: { table } }: Intent,
  { parent, sources }: NonNullable<ReturnType<typeof findEnds>>,
  world: World,
): boolean {
  const of = parent.selected.table
  const isAlike = [...sources, ...parent.key.map((name) => sourceColumn(of, name)!)].every(
    (column) => isExact(column, world),
  )
  return (
    isAlike &&
    table.constraints.some(
      ({ type, validated, enforced, period, columns, reference: to }) =>
        type === 'f' &&
        validated &&
        enforced &&
        !period &&
        to !== null &&
        to.schema === of.schema &&
        to.table === of.name &&
        columns.length === sources.length &&
        parent.key.every((name, at) => columns[to.columns.indexOf(name)] === sources[at]!.name),
    )
  )
}

/** A collation of its own, or that of a domain, may hold texts for equal that differ. */
function isExact(column: CatalogColumn, { catalog }: World): boolean {
  const type = bareType(column, catalog)
  const isText = type === 'text' || type === 'character varying'
  const isOwnType = column.type.replace(/\(\d+\)$/, '') === type
  return plainKeys.has(type) && (!isText || (isOwnType && column.collation === null))
}
