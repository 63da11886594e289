/**
 * What would become of the first rows of an entity: they are read, staged and mapped as a batch would do
 * it, in a transaction in which the target's missing tables are made, and which is taken back.
 */
import type { TransactionSql } from 'postgres'
import { didYouMean, formatTableName, parseTableName } from '../plan/names.ts'
import { FerryError } from '../platform/errors.ts'
import { onSide } from '../platform/side.ts'
import { classify } from '../platform/sqlstate.ts'
import type { CompiledEntity } from '../projection/entity.ts'
import { quoteQualified, quoteTable } from '../projection/quote.ts'
import { readTable, stageStatement } from '../projection/select.ts'
import type { Source } from '../source/source.ts'
import { copyIn } from '../target/copy-in.ts'
import { type PreviewParent, planControl, type StagePreview } from '../target/plan-control.ts'
import { tryOnTarget } from '../verification/schema/target-transaction.ts'
import type { Client } from '../wire/client.ts'
import type { Prepared, PreparedEntity } from './prepare.ts'
import { stagedPlainly } from './preview-plain.ts'

export interface PreviewOptions {
  readonly prepared: Prepared
  /** `schema.table` at the source. */
  readonly entity: string
  /** How many rows, from the beginning of the key on. */
  readonly rows: number
  /** Whether texts of values are told. */
  readonly values: boolean
  readonly source: Source
  /** A connection of its own: it is thrown away where the preview fails. */
  readonly target: Client
}

/**
 * @throws FerryError `entity_unknown` 404; `source_*`, `target_*` as a failure is classified
 */
export async function previewEntity(options: PreviewOptions): Promise<StagePreview> {
  const { prepared, target } = options
  const entity = findEntity(prepared.entities, options.entity)
  let failure: { readonly error: unknown } | undefined
  try {
    return await tryOnTarget(target.sql, async (tx) => {
      try {
        return await previewIn(tx, entity, options)
      } catch (error) {
        failure = { error }
        // A copy that was broken off may have ended in the middle of a message.
        await target.sql.end({ timeout: 0 })
        throw error
      }
    })
  } catch (error) {
    throw onSide('target', classify(failure === undefined ? error : failure.error))
  }
}

async function previewIn(
  tx: TransactionSql,
  { definition }: PreparedEntity,
  { prepared, rows, values, source, target }: PreviewOptions,
): Promise<StagePreview> {
  for (const statement of prepared.ddl) await tx.unsafe(statement)
  const isMapped = definition.mapping !== undefined
  // In the order of the key, which the stage keeps.
  const staged = { ...(isMapped ? definition : stagedPlainly(definition)), serial: true } as const
  const chosen = { condition: firstRows(staged, rows) }
  await planControl(tx).silenceLog()
  await tx.unsafe(stageStatement(staged))
  await copyIn(tx, target.tap(), staged, (sink) => source.copyOut(staged, chosen, sink))
  const preview = await planControl(tx).previewStage(
    staged,
    parentsOf(definition, prepared),
    values,
  )
  if (isMapped || !values) return preview
  return { ...preview, rows: preview.rows.map((row) => ({ ...row, before: row.after ?? {} })) }
}

function findEntity(entities: readonly PreparedEntity[], text: string): PreparedEntity {
  const { schema, table } = parseTableName(text) ?? { schema: null, table: text }
  const name = schema === null ? text : formatTableName({ schema, table })
  const found = entities.find(({ entity_name }) => entity_name === name)
  if (found !== undefined) return found
  const names = entities.map(({ entity_name }) => entity_name)
  throw new FerryError({
    code: 'entity_unknown',
    message: 'The plan moves no table of this name.',
    hint: didYouMean(
      text,
      names,
      'Give a table of the source that the plan moves, as schema.table.',
    ),
    status: 404,
    kind: 'data_validation',
    path: 'entity',
  })
}

/** Condition that holds for the first rows that the filter lets through, and is cheap for any table. */
function firstRows(entity: CompiledEntity, rows: number): string {
  const { source, key, filter } = entity
  const where = filter === undefined ? '' : ` where (${filter})`
  const names = key.map(({ column }) => quoteQualified(source.table, column))
  const order = names.length === 0 ? '' : ` order by ${names.join(', ')}`
  const first = (what: string) =>
    `array(select ${what} from ${readTable(source)}${where}${order} limit ${rows})`
  const places = `ctid = any (${first('ctid')})`
  if (!source.partitioned) return places
  // Rows of several partitions can have one place.
  const place = `pg_catalog.format('%s %s', tableoid, ctid)`
  return `${places} and ${place} = any (${first(place)})`
}

/** What the references of an entity lead to, by the columns that a refusal names. */
function parentsOf({ references = [] }: CompiledEntity, { entities }: Prepared): PreviewParent[] {
  return references.flatMap(({ columns, referenced }) => {
    const parent = entities.find(
      ({ definition }) => quoteTable(definition.target) === quoteTable(referenced),
    )
    return parent === undefined ? [] : [{ columns, entity_name: parent.entity_name, ...referenced }]
  })
}
