/** `ferry errors [ID]`: which rows were refused and why, by reason and one by one. */

import type { DeadLetter, DeadLetterQuestion, DeadLetters } from './answers.ts'
import type { Client } from './client.ts'
import type { Console } from './console.ts'
import { grouped, printable } from './display/format.ts'
import { tableLines } from './display/table.ts'
import { EXIT, type ExitCode } from './exit.ts'
import { identify } from './identify.ts'
import type { DeadLetterCount } from './report.ts'
import { atTarget } from './target-letters.ts'

export interface ErrorsCommand {
  readonly id: string | undefined
  readonly entity?: string
  readonly code?: string
  readonly all?: boolean
  readonly limit: number
  readonly after?: string
  /** Of what `ferry run` has moved; a project is asked through its function. */
  readonly target?: string
}

type Letters = Pick<Client, 'list' | 'deadLetters'>

/** Exit code 0, whatever was refused: the migration's own outcome is for `ferry status` to tell. */
export async function errors(
  letters: Letters,
  console: Console,
  command: ErrorsCommand,
): Promise<ExitCode> {
  const id = await identify(letters, command.id)
  const { entity, code, all, limit, after } = command
  const question: DeadLetterQuestion = {
    state: all ? 'all' : 'unresolved',
    limit,
    ...(entity === undefined ? {} : { entity }),
    ...(code === undefined ? {} : { code }),
    ...(after === undefined ? {} : { after }),
  }
  const found = await letters.deadLetters(id, question)
  console.result({ migration_id: id, ...found })
  for (const line of lines(found, id)) console.say(line)
  return EXIT.done
}

/** @throws FerryError `target_*`; `migration_none` */
export function errorsOfTarget(console: Console, command: ErrorsCommand): Promise<ExitCode> {
  return atTarget(command.target ?? '', (letters) => errors(letters, console, command))
}

const left = { align: 'left' } as const
const right = { align: 'right' } as const

function lines({ summary, dead_letters, next }: DeadLetters, id: string): string[] {
  if (summary.length === 0) return ['No row was refused.']
  return [
    ...tableLines([left, left, left, right, right], summary.map(reasonCells)),
    ...(dead_letters.length === 0
      ? []
      : ['', ...tableLines([left, left, left, left], dead_letters.map(letterCells))]),
    ...(next === null ? [] : [`More: ferry errors ${id.slice(0, 8)} --after ${next}`]),
  ]
}

function reasonCells(count: DeadLetterCount): string[] {
  const { entity_name, error_code, rule, columns, refused, unresolved } = count
  return [
    printable(entity_name),
    printable(error_code),
    printable([rule ?? '', ...(columns ?? [])].filter((part) => part !== '').join(', ')),
    `${grouped(refused)} refused`,
    unresolved === refused ? '' : `${grouped(unresolved)} left`,
  ]
}

function letterCells(letter: DeadLetter): string[] {
  const { entity_name, source_key, error_code, rule, constraint_name, columns } = letter
  const state = letter.is_resolved ? [`(${letter.resolution ?? 'resolved'})`] : []
  const why = [rule ?? constraint_name ?? '', ...(columns ?? []), ...state]
  return [
    printable(entity_name),
    printable(source_key),
    printable(error_code),
    printable(why.filter((part) => part !== '').join(', ')),
  ]
}
