/** Enums with their order, domains, composite and range types that the columns need. */
import { quoteIdent, quoteQualified } from '../../projection/quote.ts'
import { neededTypes } from '../../schema/needed-types.ts'
import type { CatalogType } from '../../source/catalog-rows.ts'
import { type Comparison, holdText, portable } from './comparison.ts'
import type { Place } from './ledger.ts'

type OfKind<Kind extends CatalogType['kind']> = CatalogType & { readonly kind: Kind }

/** Each type once, with the first entity that needs it. */
export function compareTypes(comparison: Comparison): void {
  const { design, ledger, target } = comparison
  const owners = entitiesOfTypes(comparison)
  for (const type of design.types) {
    // What an extension brings is the extension's; a multirange comes with its range.
    if (type.extension !== null || type.kind === 'base' || type.kind === 'multirange') continue
    const entity = owners.get(type.oid)
    if (entity === undefined) continue
    const schema = design.context.types.schemaOf(type.schema)
    const at = { entity, object: `${typeWords[type.kind]} ${type.name}` }
    const found = target.type(schema, type.name)
    if (found === undefined) {
      ledger.report(at, 'type_missing', { expected: quoteQualified(schema, type.name) })
    } else if (ledger.hold(at, 'type_kind_differs', type.kind, found.kind)) {
      compareType(at, type, found, comparison)
    }
  }
}

const typeWords = {
  enum: 'enum',
  domain: 'domain',
  composite: 'composite type',
  range: 'range type',
} as const

function entitiesOfTypes(comparison: Comparison): ReadonlyMap<string, string> {
  const owners = new Map<string, string>()
  for (const moved of comparison.design.tables) {
    if (!moved.isNew) continue
    const roots = moved.columns
      .map(({ type, type_oid }) => ({ text: type, oid: type_oid }))
      .filter(({ oid }) => !owners.has(oid))
    for (const { oid } of neededTypes(roots, comparison.design.context.types).types) {
      if (!owners.has(oid)) owners.set(oid, comparison.entityOf(moved))
    }
  }
  return owners
}

function compareType(
  at: Place,
  type: CatalogType,
  found: CatalogType,
  comparison: Comparison,
): void {
  if (type.kind === 'enum' && found.kind === 'enum') compareEnum(at, type, found, comparison)
  if (type.kind === 'domain' && found.kind === 'domain') {
    compareDomain(at, type, found, comparison)
  }
  if (type.kind === 'composite' && found.kind === 'composite') {
    const { types, collate } = comparison.design.context
    const expected = type.attributes.map(
      (each) =>
        `${quoteIdent(each.name)} ${types.text(each.type, each.type_oid)}${collate(each.collation)}`,
    )
    const others = found.attributes.map(
      (each) =>
        `${quoteIdent(each.name)} ${comparison.target.typeText(each.type, each.type_oid)}${clause(each.collation)}`,
    )
    comparison.ledger.hold(at, 'type_attributes_differ', expected.join(', '), others.join(', '))
  }
  if (type.kind === 'range' && found.kind === 'range') {
    const { types, collate } = comparison.design.context
    const expected = `${types.text(type.subtype, type.subtype_oid)}${collate(type.collation)}`
    const other = `${comparison.target.typeText(found.subtype, found.subtype_oid)}${clause(found.collation)}`
    comparison.ledger.hold(at, 'range_subtype_differs', expected, other)
  }
}

function compareEnum(
  at: Place,
  { labels }: OfKind<'enum'>,
  found: OfKind<'enum'>,
  { ledger }: Comparison,
): void {
  const expectedSet = new Set(labels)
  const foundSet = new Set(found.labels)
  const missing = labels.filter((label) => !foundSet.has(label))
  ledger.hold(at, 'enum_label_missing', missing.length === 0 ? null : list(missing), null)
  const extra = found.labels.filter((label) => !expectedSet.has(label))
  ledger.hold(at, 'enum_label_extra', null, extra.length === 0 ? null : list(extra), 'warning')
  const order = labels.filter((label) => foundSet.has(label))
  const foundOrder = found.labels.filter((label) => expectedSet.has(label))
  ledger.hold(at, 'enum_order_differs', list(order), list(foundOrder))
}

function compareDomain(
  at: Place,
  domain: OfKind<'domain'>,
  found: OfKind<'domain'>,
  comparison: Comparison,
): void {
  const { ledger, design, target } = comparison
  const { types, collate } = design.context
  const expected = `${types.text(domain.base, domain.base_oid)}${collate(domain.collation)}`
  const foundBase = target.typeText(found.base, found.base_oid)
  ledger.hold(at, 'domain_base_differs', expected, `${foundBase}${clause(found.collation)}`)
  const nullable = (each: OfKind<'domain'>) => (each.not_null ? 'not null' : 'null')
  ledger.hold(at, 'domain_null_differs', nullable(domain), nullable(found))
  const base = found.base
  const text = domain.default === null ? null : portable(comparison, domain.default)
  if (text !== undefined) {
    const container = { kind: 'domain_default', base } as const
    holdText(comparison, at, 'domain_default_differs', text, found.default?.text ?? null, container)
  }
  const checks = new Map(found.checks.map((each) => [each.name, each]))
  for (const check of domain.checks) {
    const other = checks.get(check.name)
    checks.delete(check.name)
    const condition = portable(comparison, check)
    // One that was never validated stays behind.
    if (condition === undefined || !check.validated) continue
    const place = { ...at, object: `${at.object} check ${check.name}` }
    if (other === undefined) {
      ledger.report(place, 'domain_check_missing', { expected: condition })
      continue
    }
    ledger.hold(place, 'domain_check_not_valid', 'valid', other.validated ? 'valid' : 'not valid')
    const container = { kind: 'domain_check', base } as const
    holdText(comparison, place, 'domain_check_differs', condition, other.text, container)
  }
  for (const { name, text: found } of checks.values()) {
    const place = { ...at, object: `${at.object} check ${name}` }
    ledger.report(place, 'domain_check_extra', { found }, 'warning')
  }
}

function clause(collation: { readonly schema: string; readonly name: string } | null): string {
  return collation === null ? '' : ` collate ${quoteQualified(collation.schema, collation.name)}`
}

const list = (labels: readonly string[]) => JSON.stringify(labels)
