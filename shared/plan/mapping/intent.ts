/** What is to become of an entity: its columns in the target, before any of them is compiled. */
import type { TargetState, TargetTable } from '../../schema/target-state.ts'
import type { CatalogColumn } from '../../source/catalog-rows.ts'
import type { Expression } from '../expression/expression.ts'
import { type Note, type Problem, planPath } from '../problem.ts'
import type { Role, Roles } from './roles.ts'
import { columnsIn, isReferenceOf, type Path, straightSource, writtenColumns } from './walk.ts'

export interface WantedColumn {
  readonly target: string
  /** Null for the id that the map or the look-up gives. */
  readonly expression: Expression | null
  readonly path: Path
}

export interface Intent extends Role {
  /**
   * Why it is mapped: the plan asks for it, or its table is there already and loading it straight would
   * leave nothing to tell rows apart by. Null: it is plain.
   */
  readonly why: 'written' | 'existing' | null
  /** In the order in which they are written. */
  readonly columns: readonly WantedColumn[]
  /** Column of the target with ids that are given anew. */
  readonly id: string | null
  /** Generated columns of the source that the target generates, too. */
  readonly generated: readonly CatalogColumn[]
  readonly existing: TargetTable | undefined
}

/** The column of the target that holds a key column of the source, or what it refers to. */
export function carrierOf({ columns }: Pick<Intent, 'columns'>, source: string) {
  return columns.find(({ expression }) => {
    if (expression === null) return false
    if (straightSource(expression) === source) return true
    return typeof expression !== 'string' && isReferenceOf(expression, source)
  })
}

/** @param chosen columns of the source that are copied where the plan names none of the target's */
export function intend(
  role: Role,
  roles: Roles,
  chosen: readonly CatalogColumn[],
  state: TargetState | undefined,
  problems: Problem[],
): Intent {
  const { written, table, target } = role.selected
  const existing = state?.tables.find(
    (each) => each.schema === target.schema && each.table === target.table,
  )
  const isListed = written?.columns === undefined || Array.isArray(written.columns)
  const id = role.strategy === 'preserve' ? null : idColumn(role, isListed)
  const columns = wantedColumns(role, roles, chosen, id)
  const isWritten =
    !isListed ||
    written?.id !== undefined ||
    written?.rest !== undefined ||
    role.strategy !== 'preserve' ||
    (written?.conflict ?? 'fail') !== 'fail' ||
    role.selected.rules.some(({ severity }) => severity === 'reject') ||
    columns.some(({ expression }) => expression === null || typeof expression !== 'string')
  const why: Intent['why'] = isWritten
    ? 'written'
    : isTakenOver(role, existing, columns)
      ? 'existing'
      : null
  const listed = role.selected.columns
  const generated =
    !isListed || role.strategy === 'lookup'
      ? []
      : table.columns.filter(
          ({ name, generated: how }) => how !== '' && (listed === null || listed.includes(name)),
        )
  const intent: Intent = { ...role, why, columns, id, generated, existing }
  if (why === 'written') problems.push(...intentProblems(intent, isListed))
  return intent
}

/** A key to tell rows apart by, copied as it is into a table that the target has. */
function isTakenOver(
  { key }: Role,
  existing: TargetTable | undefined,
  columns: readonly WantedColumn[],
): boolean {
  const isTable = existing?.kind === 'r' || existing?.kind === 'p'
  return (
    isTable && key.length > 0 && key.every((name) => carrierOf({ columns }, name) !== undefined)
  )
}

function idColumn({ selected: { written }, key, strategy }: Role, isListed: boolean): string {
  const own = isListed && strategy !== 'lookup' && key.length === 1 ? key[0] : undefined
  return written?.id?.column ?? own ?? 'id'
}

function wantedColumns(
  role: Role,
  roles: Roles,
  chosen: readonly CatalogColumn[],
  id: string | null,
): WantedColumn[] {
  const { selected, name, strategy, key } = role
  const { written, path, table } = selected
  const given = (at: Path): WantedColumn[] =>
    id === null ? [] : [{ target: id, expression: null, path: at }]
  if (strategy === 'lookup') {
    const by = writtenColumns(written?.id?.by ?? {}, [...path, 'id', 'by'])
    return [...by, ...given([...path, 'id'])]
  }
  const passed = (column: string, at: Path): WantedColumn => {
    const to = roles.parentOf(name, column)
    const expression: Expression =
      to === undefined ? column : { op: 'reference', to, of: column, missing: 'reject' }
    return { target: column, expression, path: at }
  }
  if (written?.columns !== undefined && !Array.isArray(written.columns)) {
    const own = writtenColumns(written.columns, [...path, 'columns'])
    const taken = new Set([...given(path), ...own].map(({ target }) => target))
    const read = new Set(own.flatMap(({ expression }) => columnsIn(expression)))
    const rest = table.columns.filter(
      (column) => column.generated === '' && !read.has(column.name) && !taken.has(column.name),
    )
    const others = rest.map((column) => passed(column.name, [...path, 'rest']))
    return [...given([...path, 'id']), ...own, ...(written.rest === 'copy' ? others : [])]
  }
  const place = (column: string): Path => {
    const at = selected.columns?.indexOf(column) ?? -1
    return at < 0 ? path : [...path, 'columns', at]
  }
  const columns = chosen.map((column) => passed(column.name, place(column.name)))
  const at = columns.findIndex(({ target }) => key.length === 1 && target === key[0])
  if (id === null) return columns
  // The id stands where the key stood.
  return at < 0
    ? [...given(path), ...columns]
    : [...columns.slice(0, at), ...given(columns[at]!.path), ...columns.slice(at + 1)]
}

function intentProblems(intent: Intent, isListed: boolean): Problem[] {
  const { selected, columns, key, strategy, id, name } = intent
  const { written, path } = selected
  const problems: Problem[] = []
  const say = (code: string, message: string, hint: string, ...at: PropertyKey[]) =>
    problems.push({ code, message, hint, path: planPath([...path, ...at]) })
  if (key.length === 0) {
    say(
      'mapping_needs_key',
      `${name} has no primary key or unique index: nothing tells its rows apart once they are changed.`,
      'Add a primary key at the source, or copy the table as it is.',
    )
    return problems
  }
  if (strategy === 'lookup' && (written?.columns !== undefined || written?.rest !== undefined)) {
    const at = written.columns === undefined ? 'rest' : 'columns'
    say(
      'lookup_has_columns',
      'Rows that are looked up are not written, so they have no columns of their own.',
      'Remove the columns, or choose another strategy.',
      at,
    )
  } else if (isListed && written?.rest !== undefined) {
    say(
      'rest_without_columns',
      'There is no rest: without columns of the target all of the listed ones are copied.',
      'Remove it, or say what each column of the target is made of.',
      'rest',
    )
  }
  const repeated = columns.find(({ target, expression }) => expression !== null && target === id)
  if (repeated !== undefined) {
    problems.push({
      code: 'id_column_taken',
      message: `The column ${JSON.stringify(id)} is given twice: as the id and as a column.`,
      hint: 'Leave the column out, or name another one as the column of the id.',
      path: planPath(repeated.path),
    })
  }
  if (strategy === 'preserve') problems.push(...keyProblems(intent))
  else if (isListed && strategy === 'uuid') problems.push(...replacedKeyProblems(intent))
  return problems
}

/** A preserved key is what tells rows apart in the target. */
function keyProblems(intent: Intent): Problem[] {
  const { key, selected, name } = intent
  const { written, path } = selected
  const named = written?.id?.column
  return key.flatMap((column) => {
    const carrier = carrierOf(intent, column)
    if (carrier !== undefined && (named === undefined || named === carrier.target)) return []
    return {
      code: 'key_not_mapped',
      message:
        carrier === undefined
          ? `The key column ${column} of ${name} does not come along, and nothing else tells its rows apart.`
          : `The key column ${column} of ${name} goes to ${carrier.target}, and the plan names another column for it.`,
      hint: 'Give a column of the target the key column as it is, or the entity the id strategy uuid.',
      path: planPath([...path, ...(carrier === undefined ? ['columns'] : ['id', 'column'])]),
    }
  })
}

function replacedKeyProblems({ key, columns, selected, name }: Intent): Problem[] {
  const { table, path } = selected
  const [only, ...others] = key
  const isGone = others.length === 0 && !columns.some((each) => each.expression === only)
  const refers = table.constraints.some(
    ({ reference, columns: own, inherited }) =>
      reference !== null &&
      !inherited &&
      own.length === 1 &&
      own[0] === only &&
      !(reference.schema === table.schema && reference.table === table.name),
  )
  if (!isGone || !refers || selected.written?.id?.strategy !== 'uuid') return []
  return [
    {
      code: 'key_is_reference',
      message: `The key of ${name} refers to another table, and a UUID of its own would cut the connection.`,
      hint: 'Leave the id to preserve, or give a column of its own for the reference.',
      path: planPath([...path, 'id']),
    },
  ]
}

/** Columns that are copied although the ids that they hold are given anew. */
export function untranslated(intent: Intent, roles: Roles): Note[] {
  const { columns, name, why } = intent
  if (why === null) return []
  const referring = columns.flatMap(({ expression }) =>
    expression === null || straightSource(expression) !== undefined ? [] : columnsIn(expression),
  )
  return columns.flatMap(({ expression, path }) => {
    const source = expression === null ? undefined : straightSource(expression)
    const parent = source === undefined ? undefined : roles.parentOf(name, source)
    if (parent === undefined || referring.includes(source!)) return []
    return {
      code: 'reference_not_translated',
      message: `The column ${source} of ${name} refers to ${parent}, whose ids are given anew, and is copied as it is.`,
      hint: 'Make it a reference, or nothing, where it is to lead to a row of the target.',
      path: planPath(path),
    }
  })
}
