/** `create type`, `create domain` and `create collation` as the source has them. */
import type { Note } from '../plan/problem.ts'
import { quoteIdent, quoteLiteral, quoteQualified } from '../projection/quote.ts'
import type { CatalogCollation, CatalogType, CollationName } from '../source/catalog-rows.ts'
import { isPortable } from './expression.ts'
import type { TypeNames } from './type-names.ts'

/** ` collate "schema"."name"` or nothing. */
export type CollateClause = (collation: CollationName | null) => string

/** The statement, or undefined for a type that comes along with another object. */
export function createType(
  type: CatalogType,
  types: TypeNames,
  collate: CollateClause,
  notes: Note[],
): string | undefined {
  const name = quoteQualified(types.schemaOf(type.schema), type.name)
  switch (type.kind) {
    case 'enum':
      return `create type ${name} as enum (${type.labels.map(quoteLiteral).join(', ')})`
    case 'domain':
      return createDomain(name, type, types, collate, notes)
    case 'composite': {
      const attributes = type.attributes.map(
        (each) =>
          `${quoteIdent(each.name)} ${types.text(each.type, each.type_oid)}${collate(each.collation)}`,
      )
      return `create type ${name} as (${attributes.join(', ')})`
    }
    case 'range': {
      const options = [`subtype = ${types.text(type.subtype, type.subtype_oid)}`]
      const collation = collate(type.collation)
      if (collation !== '') options.push(`collation =${collation.replace(/^ collate/, '')}`)
      if (type.multirange !== null) {
        const schema = types.schemaOf(type.schema)
        options.push(`multirange_type_name = ${quoteQualified(schema, type.multirange)}`)
      }
      return `create type ${name} as range (${options.join(', ')})`
    }
    case 'multirange':
    case 'base':
      return undefined
  }
}

function createDomain(
  name: string,
  domain: CatalogType & { readonly kind: 'domain' },
  types: TypeNames,
  collate: CollateClause,
  notes: Note[],
): string {
  const base = types.text(domain.base, domain.base_oid)
  const parts = [`create domain ${name} as ${base}${collate(domain.collation)}`]
  if (domain.default !== null && isPortable(domain.default, types)) {
    parts.push(`default ${domain.default.text}`)
  }
  for (const check of domain.checks) {
    if (isPortable(check, types)) {
      // The text ends in NOT VALID where the source never validated it, which a domain cannot be
      // created with; what the source holds may then break it, so it is left out.
      if (!/ NOT VALID$/.test(check.text)) {
        parts.push(`constraint ${quoteIdent(check.name)} ${check.text}`)
        continue
      }
    }
    notes.push({
      code: 'domain_check_left_out',
      message: `The check ${check.name} of the domain ${domain.qualified} cannot be made in the target as it is.`,
      hint: 'It uses own functions or renamed types, or was never validated: add it afterwards.',
      path: 'entities',
    })
  }
  if (domain.not_null) parts.push('not null')
  return parts.join(' ')
}

/** Only ICU locales mean the same everywhere; undefined for any other provider. */
export function createCollation(collation: CatalogCollation, schema: string): string | undefined {
  if (collation.provider !== 'i' || collation.locale === null) return undefined
  const options = ['provider = icu', `locale = ${quoteLiteral(collation.locale)}`]
  if (!collation.deterministic) options.push('deterministic = false')
  return `create collation ${quoteQualified(schema, collation.name)} (${options.join(', ')})`
}
