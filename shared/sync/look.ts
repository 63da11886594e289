/** What a sweep asks the source about each of its entities, in one statement and one snapshot. */
import type { CompiledEntity } from '../projection/entity.ts'
import { quoteIdent } from '../projection/quote.ts'
import { readTable } from '../projection/select.ts'
import { schemasStatement } from '../projection/source-schema.ts'
import type { Answer, Question, WantedBatch } from '../projection/sweep.ts'
import { behindId, beyondWindow, inWindow, type Watched } from '../projection/window.ts'
import type { Source } from '../source/source.ts'

/** Rows that one batch of strategy xmin looks at. */
const scannedRows = 1_000_000

interface Seen {
  readonly schema: string | null
  readonly found: boolean
  readonly beyond: boolean
  readonly last_id: string | null
}

/** @throws FerryError `source_*` */
export async function look(source: Source, questions: readonly Question[]): Promise<Answer[]> {
  const schemas = await seen<Pick<Seen, 'schema'>>(
    source,
    schemasStatement(questions.map(({ definition }) => definition.source)),
  )
  const there = questions.filter((_, at) => schemas[at]?.schema !== null)
  const found = there.length === 0 ? [] : await seen<Seen>(source, lookStatement(there))
  // one for all of them, and for none where every row is compared anyway
  const first = questions.find(({ definition, scope }) => scope !== 'hash' && isLogged(definition))
  const byId = new Map(there.map(({ entity_status_id }, at) => [entity_status_id, found[at]!]))
  return questions.map((question, at) => {
    const { definition: _definition, since: _since, low: _low, ...asked } = question
    const own = byId.get(question.entity_status_id)
    return {
      ...asked,
      schema: schemas[at]?.schema ?? null,
      ...(question.definition.sync?.strategy === 'id' ? { last_id: own?.last_id ?? null } : {}),
      batches:
        own === undefined
          ? []
          : [...(question === first ? [readLog] : []), ...batchesOf(question, own)],
    }
  })
}

const readLog: WantedBatch = { kind: 'log', task: {} }

export function isLogged({ sync }: CompiledEntity): boolean {
  return sync?.strategy === 'log'
}

async function seen<Row>(source: Source, statement: string): Promise<readonly Row[]> {
  return (await source.query(statement)) as unknown as readonly Row[]
}

function batchesOf(question: Question, own: Seen): WantedBatch[] {
  const { scope, definition, since, low, horizon } = question
  if (scope === 'hash') return [{ kind: 'reconcile', check: 'rows', task: { scope } }]
  const changes: WantedBatch[] = []
  const { strategy } = definition.sync!
  if (strategy === 'timestamp' && own.found) changes.push(windowBatch(low!, horizon, since.xmin!))
  if (strategy === 'timestamp' && own.beyond) {
    const task = { strategy: 'beyond', high: horizon, xmin: since.xmin! }
    changes.push({ kind: 'sync', check: 'beyond', rows: scannedRows, task })
  }
  if (strategy === 'xmin') {
    changes.push({ kind: 'sync', rows: scannedRows, task: { strategy, xmin: since.xmin! } })
  }
  if (strategy === 'id' && own.found) {
    changes.push({
      kind: 'sync',
      task: { strategy, after: since.through ?? null },
    })
  }
  return scope === 'deletes'
    ? [...changes, { kind: 'reconcile', check: 'rows', task: { scope: 'keys' } }]
    : changes
}

/** Where no time is known from which on rows are to be read, their transactions tell. */
function windowBatch(low: string, high: string, xmin: string): WantedBatch {
  return low === '-infinity'
    ? { kind: 'sync', rows: scannedRows, task: { strategy: 'xmin', xmin } }
    : { kind: 'sync', task: { strategy: 'timestamp', low, high } }
}

function lookStatement(questions: readonly Question[]): string {
  return questions
    .map(
      (question, at) =>
        `select ${at} as place, ${found(question)} as found, ${beyond(question)} as beyond, ${lastId(question)} as last_id`,
    )
    .join('\nunion all ')
    .concat('\norder by place')
}

function found({ definition, scope, low, horizon, since }: Question): string {
  const { strategy } = definition.sync!
  if (scope === 'hash' || (strategy !== 'timestamp' && strategy !== 'id')) return 'false'
  const watched = definition.sync as Watched
  if (strategy === 'id') return exists(definition, behindId(watched, since.through ?? null))
  return low === null ? 'false' : exists(definition, inWindow(watched, { low, high: horizon }))
}

function beyond({ definition, scope, horizon, since }: Question): string {
  if (scope === 'hash' || definition.sync!.strategy !== 'timestamp' || since.xmin === undefined) {
    return 'false'
  }
  return exists(definition, beyondWindow(definition.sync as Watched, horizon, since.xmin))
}

function lastId({ definition }: Question): string {
  const { strategy, column } = definition.sync!
  if (strategy !== 'id') return 'null::text'
  const name = quoteIdent(column!.column)
  return `(select ${name}::pg_catalog.text from ${readTable(definition.source)} order by ${name} desc limit 1)`
}

function exists(entity: CompiledEntity, condition: string): string {
  return `exists (select from ${readTable(entity.source)} where ${condition})`
}
