/** `create type` and `create domain` as the source has them. */
import { quoteIdent, quoteLiteral, quoteQualified } from '../projection/quote.ts'
import type { CatalogType } from '../source/catalog-rows.ts'
import type { SchemaContext } from './context.ts'
import { portableText } from './expression.ts'

type TypeContext = Pick<SchemaContext, 'types' | 'collate' | 'inTarget' | 'notes'>

/** The statement, or undefined for a type that comes along with another object. */
export function createType(type: CatalogType, context: TypeContext): string | undefined {
  const { types, collate } = context
  const name = quoteQualified(types.schemaOf(type.schema), type.name)
  switch (type.kind) {
    case 'enum':
      return `create type ${name} as enum (${type.labels.map(quoteLiteral).join(', ')})`
    case 'domain':
      return createDomain(name, type, context)
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
  { types, collate, inTarget, notes }: TypeContext,
): string {
  const base = types.text(domain.base, domain.base_oid)
  const parts = [`create domain ${name} as ${base}${collate(domain.collation)}`]
  const text = domain.default === null ? undefined : portableText(domain.default, inTarget)
  if (text !== undefined) parts.push(`default ${text}`)
  for (const check of domain.checks) {
    const condition = portableText(check, inTarget)
    // A domain cannot be created with a check that was never validated, and what the source holds
    // may break it: it is left out.
    if (condition !== undefined && check.validated) {
      parts.push(`constraint ${quoteIdent(check.name)} check (${condition})`)
      continue
    }
    notes.push({
      code: 'domain_check_left_out',
      message: `The check ${check.name} of the domain ${domain.qualified} cannot be made in the target as it is.`,
      hint: 'It uses own functions, or was never validated: add it afterwards.',
      path: 'entities',
    })
  }
  if (domain.not_null) parts.push('not null')
  return parts.join(' ')
}
