/** Columns of a mapped entity as SQL over its stage, for one of the statements that need them. */
import { entityNamespace } from '../../projection/name-uuid.ts'
import { findColumn } from '../column.ts'
import { compileExpression } from '../expression/compile-expression.ts'
import { convert } from '../expression/convert.ts'
import type { ReferenceExpression } from '../expression/expression.ts'
import type { Fail, Value } from '../expression/value.ts'
import { standardName } from '../names.ts'
import { planPath } from '../problem.ts'
import type { Intent, WantedColumn } from './intent.ts'
import { type Joins, openJoins } from './joins.ts'
import { keyText } from './key-text.ts'
import { type ReferenceScope, type Resolved, resolveReference } from './reference.ts'
import type { Stage } from './stage.ts'
import { type ColumnType, computedType } from './target-type.ts'
import type { Path } from './walk.ts'
import { knownType, passing, sourceColumn, type World } from './world.ts'

export interface MadeReference extends Resolved {
  readonly missed: ReferenceExpression['missing']
  /** The column is the reference and nothing else. */
  readonly isWhole: boolean
  readonly isLate: boolean
  /** Of some rows only. */
  readonly isConditional: boolean
}

export interface MadeColumn {
  readonly wanted: WantedColumn
  /** Over `s` and what it is joined with; of a looked-up id over `l`. */
  readonly sql: string
  readonly type: ColumnType
  readonly fails: readonly Fail[]
  readonly references: readonly MadeReference[]
  /** Null in no row that nothing else refuses. */
  readonly isFull: boolean
}

export interface MadeColumns {
  readonly columns: readonly MadeColumn[]
  readonly joins: Joins
  /** Key text of a row. */
  readonly key: string
}

/**
 * Columns with a problem are left out: such a plan does not start.
 * @param mode `select`: references that come late are not looked at. `expected`: all of them are
 * @param maps see `openJoins`
 */
export function makeColumns(
  intent: Intent,
  mode: 'select' | 'expected',
  stage: Stage,
  maps: string[],
  world: World,
): MadeColumns {
  const joins = openJoins(maps)
  const keys = intent.key.map((name) => sourceColumn(intent.selected.table, name)!)
  const key = keyText(keys.map((column) => stage.value(column)))
  const columns = intent.columns.flatMap((wanted) => {
    const made =
      wanted.expression === null
        ? idColumn(
            intent,
            wanted,
            stage.nameUuid(entityNamespace(world.system, intent.name), key),
            world,
          )
        : makeColumn(intent, wanted, mode, { child: intent, world, stage, joins })
    return made ?? []
  })
  return { columns, joins, key }
}

function idColumn(
  intent: Intent,
  wanted: WantedColumn,
  named: string,
  world: World,
): MadeColumn | undefined {
  const found = intent.existing?.columns.find(({ name }) => name === wanted.target)
  if (found !== undefined && found.type !== 'uuid') {
    world.problems.push({
      code: 'id_type_differs',
      message: `The id column ${found.name} is ${found.type} in the target, and ids are UUIDs.`,
      hint: 'Change its type, name another column under id.column, or preserve the key.',
      path: planPath([...intent.selected.path, 'id']),
    })
    return undefined
  }
  const sql = intent.strategy === 'lookup' ? 'l.id' : named
  const type = { ...computedType('uuid'), not_null: true }
  return { wanted, sql, type, fails: [], references: [], isFull: true }
}

function makeColumn(
  intent: Intent,
  wanted: WantedColumn,
  mode: 'select' | 'expected',
  scope: ReferenceScope,
): MadeColumn | undefined {
  const { world, stage } = scope
  const { expression, path, target } = wanted
  const references: MadeReference[] = []
  const value = compileExpression(expression!, path, {
    problems: world.problems,
    column(name, at) {
      const column = findColumn(intent.selected.table, name, at, world.problems)
      return column && stage.value(column)
    },
    reference(each, at) {
      const isWhole = each === expression
      const made = makeReference(each, at, isWhole, mode, scope)
      if (made !== undefined) references.push(made)
      return made && resolvedValue(made)
    },
  })
  if (value === undefined) return undefined
  const whole = references.find(({ isWhole }) => isWhole)
  const known = knownType(intent, wanted, world) ?? whole?.type
  const type = known ?? computedType(value.type)
  const made = convert(value, type)
  if ('refused' in made) {
    world.problems.push({
      code: 'column_type_differs',
      message: `The column ${target} is ${type.type} in the target. ${made.refused}`,
      hint: 'Cast what goes into it, or change its type in the target.',
      path: planPath(path),
    })
    return undefined
  }
  noteForm(made, path, world)
  const isFull = isNeverNull(intent, wanted, whole)
  const not_null = intent.existing === undefined ? isFull : type.not_null
  const { sql, fails } = made
  return { wanted, sql, type: { ...type, not_null }, fails, references, isFull }
}

function makeReference(
  expression: ReferenceExpression,
  path: Path,
  isWhole: boolean,
  mode: 'select' | 'expected',
  scope: ReferenceScope,
): MadeReference | undefined {
  const { child, world } = scope
  const isLate = world.isLate(child.name, standardName(expression.to))
  if (isLate && !isWhole) {
    world.problems.push({
      code: 'reference_late_nested',
      message: `The reference to ${expression.to} closes a circle, and can only be a column of its own then.`,
      hint: 'Make it the whole of a column.',
      path: planPath(path),
    })
    return undefined
  }
  const how = isLate && mode === 'select' ? 'named' : mode
  const resolved = resolveReference(expression, path, how, scope)
  if (resolved === undefined) return undefined
  const { missing: missed, when } = expression
  return { ...resolved, missed, isWhole, isLate, isConditional: when !== undefined }
}

/** Null where the plan wants that for a parent that is not there. */
function resolvedValue({ value, missing, missed }: MadeReference): Value {
  if (missing === null || missed !== 'null') return value
  return { ...value, sql: `(case when not ${missing} then ${value.sql} end)` }
}

/** As far as the source says. */
function isNeverNull(
  intent: Intent,
  wanted: WantedColumn,
  whole: MadeReference | undefined,
): boolean {
  if (whole !== undefined) {
    const { missed, isConditional, sources } = whole
    return missed !== 'null' && !isConditional && sources.every(({ not_null }) => not_null)
  }
  return passing(intent, wanted)?.not_null ?? false
}

function noteForm({ note }: Value, path: Path, { notes }: World): void {
  if (note === undefined) return
  notes.push({
    code: 'value_form_changes',
    message: note,
    hint: 'Give the column the type json to keep the text as it is.',
    path: planPath(path),
  })
}
