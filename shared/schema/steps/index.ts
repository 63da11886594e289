/** Indexes, written down anew from their parts. */
import { quoteIdent, quoteQualified, quoteTable } from '../../projection/quote.ts'
import type {
  CatalogIndex,
  CatalogIndexKey,
  CatalogMember,
} from '../../source/catalog-rows-attached.ts'
import { leaveOut, type SchemaContext } from '../context.ts'
import { storage } from '../create-table.ts'
import { portableText } from '../expression.ts'
import { hasColumns, type MovedTable, sourceName } from '../moved-table.ts'

/** What an index is made of in the target. */
export interface IndexParts {
  readonly name: string
  readonly unique: boolean
  readonly method: string
  /** Key columns with collation, operator class and order, one text each. */
  readonly keys: readonly string[]
  /** ` include (…)`, ` nulls not distinct`, ` with (…)`, ` where …`, each empty where absent. */
  readonly include: string
  readonly nullsNotDistinct: string
  readonly options: string
  readonly where: string
}

/** Undefined, with a note, where the target cannot have it. */
export function indexParts(
  index: CatalogIndex,
  moved: MovedTable,
  context: SchemaContext,
): IndexParts | undefined {
  const refuse = (reason: string) => {
    const what = index.constraint === null ? 'index' : 'constraint'
    const message = `The ${what} ${index.name} of ${sourceName(moved)} ${reason}.`
    leaveOut(context, { what, table: moved.table, name: index.name }, message, moved.entity.path)
    return undefined
  }
  const columns = [
    ...index.columns,
    ...index.include,
    ...index.keys.flatMap(({ column }) => column ?? []),
  ]
  if (!index.valid) return refuse('is not valid at the source')
  if (!hasColumns(moved, columns))
    return refuse('is over columns that the plan leaves out or changes')
  if (
    index.method_extension !== null &&
    context.extensionSchema(index.method_extension) === undefined
  ) {
    return refuse(`needs the extension ${index.method_extension}, which the target does not offer`)
  }
  const portable = (text: string) => portableText({ ...index, text }, context.inTarget)
  const keys = index.keys.map((each) => indexKey(each, portable, context))
  const where = index.predicate === null ? undefined : portable(index.predicate)
  if (keys.includes(undefined) || (index.predicate !== null && where === undefined)) {
    return refuse('uses functions, operator classes or types that the target does not have')
  }
  const include = index.include.map(quoteIdent).join(', ')
  return {
    name: index.name,
    unique: index.unique,
    method: quoteIdent(index.method),
    keys: keys as string[],
    include: include === '' ? '' : ` include (${include})`,
    nullsNotDistinct: index.nulls_not_distinct ? ' nulls not distinct' : '',
    options: storage(index.options),
    where: where === undefined ? '' : ` where ${where}`,
  }
}

export function createIndex(parts: IndexParts, moved: MovedTable): string {
  const { unique, name, method, keys, include, nullsNotDistinct, options, where } = parts
  return `create ${unique ? 'unique ' : ''}index ${quoteIdent(name)} on ${quoteTable(moved.target)} using ${method} (${keys.join(', ')})${include}${nullsNotDistinct}${options}${where}`
}

function indexKey(
  each: CatalogIndexKey,
  portable: (text: string) => string | undefined,
  context: SchemaContext,
): string | undefined {
  const text = each.column === null ? portable(each.text ?? '') : quoteIdent(each.column)
  const collation = context.collate(each.collation)
  if (text === undefined || (each.collation !== null && collation === '')) return undefined
  const parts = [`${text}${collation}`]
  if (each.operator_class !== null) {
    const name = memberName(each.operator_class, context)
    if (name === undefined) return undefined
    const options = storage(each.operator_class.options).replace(/^ with /, '')
    parts.push(`${name}${options}`)
  }
  // Only trees have an order; other methods leave both unset.
  if (each.descending) parts.push(each.nulls_first ? 'desc' : 'desc nulls last')
  else if (each.nulls_first) parts.push('nulls first')
  return parts.join(' ')
}

/** Qualified name of an operator or operator class; undefined where the target does not have it. */
export function memberName(member: CatalogMember, context: SchemaContext): string | undefined {
  if (!member.user) return quoteQualified(member.schema, member.name)
  if (member.extension === null) return undefined
  const schema = context.extensionSchema(member.extension)
  return schema === undefined ? undefined : quoteQualified(schema, member.name)
}
