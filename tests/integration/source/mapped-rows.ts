/** Rows of a mapped entity on their way from the stage to the table, where nothing refuses or is looked up. */
import type { TransactionSql } from 'postgres'
import type { CompiledEntity } from '../../../shared/projection/entity.ts'
import { quoteIdent, quoteTable } from '../../../shared/projection/quote.ts'
import { stageStatement } from '../../../shared/projection/select.ts'

/** The one function of the control plane that a mapping calls; the targets here have none of it. */
const asked = `create schema if not exists migration;
  create or replace function migration.input_is_valid(p_value text, p_type text) returns boolean
  language sql stable set search_path = '' as
  'select pg_catalog.pg_input_is_valid(p_value, p_type)'`

/** Makes the stage of a mapped entity; rows of any other go straight into their table. */
export async function openStage(tx: TransactionSql, entity: CompiledEntity) {
  if (entity.mapping === undefined) return
  await tx.unsafe(asked)
  await tx.unsafe(stageStatement(entity))
  await tx.unsafe(entity.mapping.rows_table)
}

/** @throws Error where a row is refused: the tests that move whole tables know of none */
export async function emptyStage(tx: TransactionSql, { mapping, target }: CompiledEntity) {
  if (mapping === undefined) return
  const bounds = { $1: `'{}'::int[]`, $2: `'(0,0)'::tid`, $3: `'(4294967295,65535)'::tid` }
  const select = mapping.select.replace(/\$[123]\b/g, (name) => bounds[name as keyof typeof bounds])
  await tx.unsafe(`insert into pg_temp.ferry_rows ${select}`)
  const [row] = await tx.unsafe<{ refused: number }[]>(
    'select count(refused)::integer as refused from pg_temp.ferry_rows',
  )
  if (row?.refused !== 0) throw new Error(`${target.table}: ${row?.refused} rows refused`)
  const names = mapping.columns.map(quoteIdent).join(', ')
  const values = mapping.columns.map((_, at) => `c${at}`).join(', ')
  await tx.unsafe(`insert into ${quoteTable(target)} (${names})
    overriding system value select ${values} from pg_temp.ferry_rows`)
}
