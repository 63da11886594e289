/** Collations by the clause that names them; what has to be made first is collected on the way. */
import type { Note } from '../plan/problem.ts'
import { quoteIdent, quoteLiteral, quoteQualified } from '../projection/quote.ts'
import type { Catalog, CatalogCollation, CollationName } from '../source/catalog-rows.ts'
import { key } from './names.ts'
import type { TargetState } from './target-state.ts'
import type { TypeNames } from './type-names.ts'

export interface Collations {
  /** ` collate "schema"."name"`, or nothing where the target cannot have it. */
  clause(collation: CollationName | null): string
  /** Name in the target; undefined where the target cannot have it. */
  find(collation: CollationName): CollationName | undefined
  readonly ddl: readonly string[]
}

export function collationsOf(
  catalog: Catalog,
  types: Pick<TypeNames, 'schemaOf'>,
  target: TargetState,
  notes: Note[],
): Collations {
  const ddl: string[] = []
  const known = new Map<string, CollationName | undefined>()
  const resolve = (collation: CollationName): CollationName | undefined => {
    const user = catalog.collations.find(
      (each) => each.schema === collation.schema && each.name === collation.name,
    )
    const schema = user === undefined ? collation.schema : types.schemaOf(collation.schema)
    const found = { schema, name: collation.name }
    if (target.collations.some((each) => each.schema === schema && each.name === collation.name)) {
      return found
    }
    const statement = user === undefined ? undefined : createCollation(user, schema)
    if (statement === undefined) {
      notes.push({
        code: 'collation_left_out',
        message: `The target has no collation ${collation.schema}.${collation.name}: the default is used.`,
        hint: 'Create it in the target beforehand if the order of texts matters.',
        path: 'entities',
      })
      return undefined
    }
    if (!target.schemas.some(({ name }) => name === schema)) {
      ddl.push(`create schema if not exists ${quoteIdent(schema)}`)
    }
    ddl.push(statement)
    return found
  }
  const find = (collation: CollationName) => {
    const one = key(collation.schema, collation.name)
    if (!known.has(one)) known.set(one, resolve(collation))
    return known.get(one)
  }
  const clause = (collation: CollationName | null) => {
    const found = collation === null ? undefined : find(collation)
    return found === undefined ? '' : ` collate ${quoteQualified(found.schema, found.name)}`
  }
  return { clause, find, ddl }
}

/** Only ICU locales mean the same everywhere; undefined for any other provider. */
function createCollation(collation: CatalogCollation, schema: string): string | undefined {
  if (collation.provider !== 'i' || collation.locale === null) return undefined
  const options = ['provider = icu', `locale = ${quoteLiteral(collation.locale)}`]
  if (!collation.deterministic) options.push('deterministic = false')
  return `create collation ${quoteQualified(schema, collation.name)} (${options.join(', ')})`
}
