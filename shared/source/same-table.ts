/** Whether a table is still the one that the plan was compiled for. */
import { FerryError } from '../platform/errors.ts'
import type { CompiledEntity } from '../projection/entity.ts'
import { schemasStatement } from '../projection/source-schema.ts'
import type { Source } from './source.ts'

/**
 * Names and types of the columns, before rows of them are read: a column that came or changed meanwhile
 * would be left behind in silence.
 * @throws FerryError `source_schema_changed`
 */
export async function checkSameTable(source: Source, { source: table }: CompiledEntity) {
  if (table.digest === undefined) return
  const [row] = await source.query(schemasStatement([table]))
  // Of a table that is not there, the read itself will tell.
  if (row?.schema === table.digest || row?.schema === null) return
  throw new FerryError({
    code: 'source_schema_changed',
    message: `The columns of ${table.schema}.${table.table} at the source are not those that the plan was compiled for.`,
    hint: 'Undo the change, or start the migration again with a plan for the table as it is.',
    kind: 'data_validation',
    status: 409,
  })
}
