/** Columns of a mapped entity held against the table that the target has. */
import { maximumNameBytes, nameBytes } from '../../projection/quote.ts'
import type { TargetState } from '../../schema/target-state.ts'
import { didYouMean } from '../names.ts'
import { type Problem, planPath } from '../problem.ts'
import type { Intent, WantedColumn } from './intent.ts'

/** The plan's part of it; whether the table itself can be written is the schema's. */
export function columnProblems(intent: Intent, state: TargetState | undefined): Problem[] {
  const { columns, existing, selected, strategy } = intent
  const isFound = existing !== undefined
  const problems = columns.flatMap((wanted) => [
    ...nameProblems(wanted),
    ...(isFound ? foundProblems(wanted, intent) : []),
  ])
  if (isFound && strategy !== 'lookup') return [...problems, ...requiredProblems(intent)]
  if (strategy !== 'lookup' || isFound || state === undefined) return problems
  const missing = {
    code: 'lookup_target_missing',
    message: `Rows are looked up in ${selected.target.schema}.${selected.target.table}, which the target does not have.`,
    hint: 'Make the table first, or choose another strategy.',
    path: planPath([...selected.path, 'id']),
  }
  return [...problems, missing]
}

/** Columns of the target that nothing gives a value to. */
function requiredProblems({ columns, existing, selected }: Intent): Problem[] {
  const given = new Set(columns.map(({ target }) => target))
  const { target, path, written } = selected
  const at = written?.columns === undefined ? path : [...path, 'columns']
  return existing!.columns
    .filter(({ name, required, generated }) => required && !generated && !given.has(name))
    .map(({ name }) => ({
      code: 'target_column_required',
      message: `${target.schema}.${target.table} needs a value for ${name}, which the plan does not give.`,
      hint: 'Give the column a value, or a default in the target, or let it be null.',
      path: planPath(at),
    }))
}

function foundProblems({ target, path }: WantedColumn, { existing, selected }: Intent): Problem[] {
  const found = existing!.columns.find(({ name }) => name === target)
  const table = `${selected.target.schema}.${selected.target.table}`
  if (found === undefined) {
    const names = existing!.columns.map(({ name }) => name)
    return [
      {
        code: 'target_column_missing',
        message: `${table} has no column ${target}.`,
        hint: didYouMean(target, names, 'Add the column in the target, or leave it out.'),
        path: planPath(path),
      },
    ]
  }
  if (!found.generated) return []
  return [
    {
      code: 'target_column_generated',
      message: `${target} of ${table} is generated and takes no value.`,
      hint: 'Leave the column out.',
      path: planPath(path),
    },
  ]
}

function nameProblems({ target, path }: WantedColumn): Problem[] {
  if (nameBytes(target) <= maximumNameBytes) return []
  return [
    {
      code: 'name_too_long',
      message: `A name of a column is longer than ${maximumNameBytes} bytes, and PostgreSQL would cut it.`,
      hint: 'Give the column a shorter name.',
      path: planPath(path),
    },
  ]
}
