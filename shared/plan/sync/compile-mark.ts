/** The column of the target that says of a row that its source row is gone. */
import type { CompiledEntity } from '../../projection/entity.ts'
import type { CompiledSync } from '../../projection/sync.ts'
import type { TargetColumn } from '../../schema/target-state.ts'
import { plainType } from '../expression/type-text.ts'
import type { Intent } from '../mapping/intent.ts'
import type { World } from '../mapping/world.ts'
import { didYouMean, formatTableName } from '../names.ts'
import type { SyncScope } from './scope.ts'
import { withoutZone, withZone } from './watched-column.ts'

type Mark = NonNullable<CompiledSync['mark']>

const types: Readonly<Record<string, Mark['type']>> = {
  [withZone]: 'timestamptz',
  [withoutZone]: 'timestamp',
  boolean: 'boolean',
}

interface Marked {
  readonly deletes: CompiledSync['deletes']
  /** Whether something tells the entity's rows apart in the target. */
  readonly isKeyed: boolean
  readonly definition: Pick<CompiledEntity, 'columns' | 'mapping'>
}

/** Undefined for other policies, and after a problem was told. */
export function compileMark(
  scope: SyncScope,
  { deletes, isKeyed, definition }: Marked,
  { selected: { target } }: Intent,
  { now }: World,
): Mark | undefined {
  const { own, problem } = scope
  const table = formatTableName(target)
  if (deletes !== 'mark') {
    if (own.mark !== undefined) {
      problem('mark', {
        code: 'mark_unused',
        message: 'Rows that are gone are not marked, so that the column is not written.',
        hint: 'Set deletes to "mark", or remove the column.',
      })
    }
    return undefined
  }
  if (own.mark === undefined || !isKeyed) {
    problem('mark', {
      code: isKeyed ? 'mark_column_missing' : 'mark_needs_key',
      message: isKeyed
        ? `Rows of ${table} that are gone are to be marked, and the plan names no column for it.`
        : `Nothing tells the rows of ${table} apart, so that none of them can be marked.`,
      hint: isKeyed ? 'Give the entity one under sync.mark.' : 'Delete or report them instead.',
    })
    return undefined
  }
  // Without a look at the target, the start is who checks it.
  if (now === undefined) return undefined
  const found = now.tables.find(
    (each) => each.schema === target.schema && each.table === target.table,
  )
  const column = found?.columns.find(({ name }) => name === own.mark)
  if (column === undefined) {
    const names = found?.columns.map(({ name }) => name) ?? []
    problem('mark', {
      code: 'mark_column_unknown',
      message: `${table} has no column ${JSON.stringify(own.mark)} in the target; a table that is made has those of the plan alone.`,
      hint: didYouMean(
        own.mark,
        names,
        'Make the table with the column first, or add it later and amend the plan.',
      ),
    })
    return undefined
  }
  return usable(scope, column, definition, table)
}

function usable(
  { problem }: SyncScope,
  { name, type, base, generated, not_null }: TargetColumn,
  { columns, mapping }: Marked['definition'],
  table: string,
): Mark | undefined {
  const written = mapping?.columns ?? columns.map(({ target }) => target)
  if (generated || written.includes(name)) {
    problem('mark', {
      code: generated ? 'mark_column_generated' : 'mark_column_written',
      message: `${name} of ${table} ${generated ? 'is generated' : 'is written by the plan'}, and a mark would be lost.`,
      hint: 'Name a column that nothing else writes.',
    })
    return undefined
  }
  const kind = types[plainType(base?.type ?? type)]
  if (kind === undefined || (not_null && kind !== 'boolean')) {
    problem('mark', {
      code: 'mark_column_type',
      message:
        kind === undefined
          ? `${name} of ${table} is ${type}, and a mark is a timestamp or a truth value.`
          : `${name} of ${table} takes no null, which says that a row is there.`,
      hint: 'Name a timestamp that can be null, or a truth value.',
    })
    return undefined
  }
  return { column: name, type: kind }
}
