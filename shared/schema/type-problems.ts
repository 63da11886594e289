/** Types that the target can neither have nor get. */
import type { Problem } from '../plan/problem.ts'
import type { CatalogTable, CatalogType } from '../source/catalog-rows.ts'
import { extensionMissing } from './extensions.ts'
import { columnTypes, type Needed, neededTypes } from './needed-types.ts'
import type { TargetState } from './target-state.ts'
import type { SchemaEntity, TypeNames } from './type-names.ts'

type Pair = { readonly entity: SchemaEntity; readonly table: CatalogTable }

/** One problem for each type and the first entity that needs it. */
export function typeProblems(
  pairs: readonly Pair[],
  needed: Needed,
  types: TypeNames,
  target: TargetState,
): Problem[] {
  const user = needed.types.flatMap((type) => {
    const reason = unavailable(type, target)
    if (reason === undefined) return []
    const path = pathOf(pairs, types, ({ types: each }) => each.includes(type))
    return [{ ...reason, path }]
  })
  const unknown = new Set(target.unknown_types)
  const builtin = needed.builtin
    .filter((text) => unknown.has(text))
    .map((text) => ({
      code: 'type_unsupported',
      message: `The target has no type ${text}.`,
      hint: 'Change the type at the source, list the columns without it, or include its table.',
      path: pathOf(pairs, types, ({ builtin: each }) => each.includes(text)),
    }))
  return [...user, ...builtin]
}

function unavailable(type: CatalogType, target: TargetState): Omit<Problem, 'path'> | undefined {
  if (type.extension !== null) {
    const has = (list: readonly { readonly name: string }[]) =>
      list.some(({ name }) => name === type.extension)
    if (has(target.extensions) || has(target.available)) return undefined
    return extensionMissing(type.qualified, type.extension)
  }
  if (type.kind !== 'base') return undefined
  return {
    code: 'type_unsupported',
    message: `The type ${type.qualified} is written in C and belongs to no extension.`,
    hint: 'Change the type at the source, or list the columns without it.',
  }
}

function pathOf(
  pairs: readonly Pair[],
  types: TypeNames,
  needs: (needed: Needed) => boolean,
): string {
  const pair = pairs.find(({ entity, table }) =>
    needs(neededTypes(columnTypes(entity, table), types)),
  )
  return pair?.entity.path ?? 'entities'
}

/** A type that exists under the name must be able to hold the same values. */
export function existingTypeProblems(
  needed: Needed,
  types: TypeNames,
  target: TargetState,
): Problem[] {
  const kinds = { enum: 'e', domain: 'd', composite: 'c', range: 'r', multirange: 'm', base: 'b' }
  return needed.types.flatMap((type) => {
    if (type.extension !== null) return []
    const schema = types.schemaOf(type.schema)
    const found = target.types.find((each) => each.schema === schema && each.name === type.name)
    if (found === undefined) return []
    const missing =
      type.kind === 'enum'
        ? type.labels.filter((label) => !(found.labels ?? []).includes(label))
        : []
    const isReordered =
      type.kind === 'enum' && missing.length === 0 && !sameOrder(type.labels, found.labels ?? [])
    if (found.kind === kinds[type.kind] && missing.length === 0 && !isReordered) return []
    return [
      {
        code: 'target_type_differs',
        message:
          missing.length > 0
            ? `The enum ${schema}.${type.name} of the target lacks ${missing.length} of the source's labels.`
            : isReordered
              ? `The enum ${schema}.${type.name} of the target has the source's labels in another order.`
              : `The target has another kind of type called ${schema}.${type.name}.`,
        hint: 'Make the type as the source has it, or rename it in the target.',
        path: 'entities',
      },
    ]
  })
}

/** Whether what the source has comes in its order; the target may have more in between. */
function sameOrder(labels: readonly string[], found: readonly string[]): boolean {
  const places = labels.map((label) => found.indexOf(label))
  return places.every((place, at) => at === 0 || place > places[at - 1]!)
}
