/** Which SQL expressions of the source mean the same in the target. */
import type { CatalogExpression } from '../source/catalog-rows.ts'
import type { TypeNames } from './type-names.ts'

/**
 * Built-in functions only, and no type that is called otherwise in the target. A sequence named by a
 * text leaves no dependency behind, hence the look at the text.
 */
export function isPortable(expression: CatalogExpression, types: TypeNames): boolean {
  if (expression.uses_objects || callsSequence(expression)) return false
  return expression.uses_types.every((oid) => {
    const type = types.find(oid)
    if (type === undefined) return types.rowTypeOwner(oid) === undefined
    return types.named(type.qualified, oid)?.schema === type.schema
  })
}

/** Sequences are set after the data. */
export function callsSequence(expression: CatalogExpression): boolean {
  return /\b(nextval|currval|lastval|setval)\b/i.test(expression.text)
}
