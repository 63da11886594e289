/** What a mapped entity asks for that cannot come out well, whatever its rows are. */
import type { CompiledMapping } from '../../projection/mapping.ts'
import { type Problem, planPath } from '../problem.ts'
import type { MadeColumn } from './compile-columns.ts'
import type { Intent } from './intent.ts'

/** @param columns those that are made of the entity */
export function contradictions(
  intent: Intent,
  columns: readonly MadeColumn[],
  { conflict, unique }: Pick<CompiledMapping, 'conflict' | 'unique'>,
): Problem[] {
  const { selected, id } = intent
  const nulled = columns.filter(
    ({ type, references }) =>
      type.not_null && references.some(({ isLate, missed }) => isLate && missed === 'null'),
  )
  const problems: Problem[] = nulled.map(({ wanted }) => ({
    code: 'reference_null_required',
    message: `${wanted.target} takes no null, and becomes null where its parent does not come.`,
    hint: 'Let the reference reject or skip such rows, or let the column be null in the target.',
    path: planPath(wanted.path),
  }))
  const isLast = unique.some(({ wins }) => wins === 'last')
  if (!isLast || conflict === 'fail' || id !== null) return problems
  const mixed = {
    code: 'unique_last_mixed',
    message:
      'Where the last row wins, earlier ones go again, and with a preserved key nothing tells them from rows that the target had.',
    hint: 'Let the first row win, give the entity the id strategy uuid, or empty the target and leave conflict at fail.',
    path: planPath([...selected.path, 'conflict']),
  }
  return [...problems, mixed]
}
