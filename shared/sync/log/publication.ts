/**
 * Whether a publication tells everything that a target has to follow. It is the operator's: to make one
 * needs the ownership of its tables, and one with updates stops the updates of a table that has no
 * replica identity.
 */
import type { Problem } from '../../plan/problem.ts'
import { quoteIdent, quoteTable } from '../../projection/quote.ts'
import type { LogEntity, Member, Publication } from './watched-tables.ts'

const operations = ['insert', 'update', 'delete', 'truncate'] as const

/** @returns what stands against following `entities` by the publication, with the statements that mend it */
export function publicationProblems(
  name: string,
  entities: readonly LogEntity[],
  publication: Publication,
): readonly Problem[] {
  const path = 'sync.publication'
  if (publication.operations === null) {
    return [
      {
        code: 'log_publication_missing',
        message: `The source has no publication ${name}.`,
        hint: `As the owner of the tables: create publication ${quoteIdent(name)} for table ${list(entities)};`,
        path,
      },
    ]
  }
  const told = publication.operations
  const untold = operations.filter((operation) => !told.includes(operation))
  const limited =
    untold.length === 0
      ? []
      : [
          {
            code: 'log_publication_operations',
            message: `The publication ${name} does not tell of: ${untold.join(', ')}.`,
            hint: `alter publication ${quoteIdent(name)} set (publish = '${operations.join(', ')}');`,
            path,
          },
        ]
  return [
    ...limited,
    ...entities.flatMap((entity, at) =>
      entityProblems(
        name,
        entity,
        publication.members.filter((member) => member.entity === at),
      ),
    ),
  ]
}

function entityProblems(
  name: string,
  { source, key }: LogEntity,
  members: readonly Member[],
): Problem[] {
  const holders = members.filter(({ partitioned }) => !partitioned)
  const path = `sync of ${source.schema}.${source.table}`
  const problems: Problem[] = []
  if (members.length === 0 || holders.some(({ published }) => !published)) {
    problems.push({
      code: 'log_table_not_published',
      message: `The publication ${name} does not have the table ${source.schema}.${source.table}, or not all of its partitions.`,
      hint: `alter publication ${quoteIdent(name)} add table ${quoteTable(source)};`,
      path,
    })
  }
  if (members.some(({ filtered, columns }) => filtered || isShort(columns, key))) {
    problems.push({
      code: 'log_publication_partial',
      message: `The publication ${name} leaves rows of ${source.schema}.${source.table} out, or columns of its key.`,
      hint: 'Publish the table without a condition, and with the columns of its key.',
      path,
    })
  }
  return problems
}

function isShort(columns: readonly string[] | null, key: readonly string[]): boolean {
  return columns !== null && key.some((column) => !columns.includes(column))
}

function list(entities: readonly LogEntity[]): string {
  return entities.map(({ source }) => quoteTable(source)).join(', ')
}
