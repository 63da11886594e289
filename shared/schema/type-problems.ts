/** Types that the target can neither have nor get. */
import type { Problem } from '../plan/problem.ts'
import type { CatalogTable, CatalogType } from '../source/catalog-rows.ts'
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
    return {
      code: 'extension_unavailable',
      message: `The type ${type.qualified} belongs to the extension ${type.extension}, which the target does not offer.`,
      hint: 'Change the type at the source, or list the columns without it.',
    }
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
    if (found.kind === kinds[type.kind] && missing.length === 0) return []
    return [
      {
        code: 'target_type_differs',
        message:
          missing.length > 0
            ? `The enum ${schema}.${type.name} of the target lacks ${missing.length} of the source's labels.`
            : `The target has another kind of type called ${schema}.${type.name}.`,
        hint: 'Add the labels, or rename the type in the target.',
        path: 'entities',
      },
    ]
  })
}
