/** An entity that is copied as it is, staged for a look: every value as the text that the source prints. */
import type { CompiledColumn, CompiledEntity } from '../projection/entity.ts'
import type { CompiledMapping } from '../projection/mapping.ts'
import { quoteIdent } from '../projection/quote.ts'

/** The same rows under a mapping that changes nothing and refuses nobody. */
export function stagedPlainly(entity: CompiledEntity): CompiledEntity {
  const { format: _binary, ...rest } = entity
  const copied = entity.columns.map(({ source }, at) => textColumn(source, at))
  // Of a table without a key the places of its rows name them.
  const named = entity.key.length > 0 ? entity.key.map(({ column }) => column) : ['ctid']
  const keys = named.map((name, at) => textColumn(name, copied.length + at))
  return {
    ...rest,
    columns: [...copied, ...keys],
    mapping: unchanged(
      entity.columns.map(({ target }) => target),
      keys.map(({ target }) => `s.${target}`),
    ),
  }
}

function textColumn(source: string, at: number): CompiledColumn {
  const name = quoteIdent(source)
  const expression = `case when ${name} is distinct from null then pg_catalog.format('%s', ${name}) end`
  return { source, target: `s${at}`, type: 'text', expression }
}

function unchanged(columns: readonly string[], keys: readonly string[]): CompiledMapping {
  const key =
    keys.length === 1 ? keys[0]! : `pg_catalog.jsonb_build_array(${keys.join(', ')})::text`
  const made = columns.map((_, at) => `, c${at} text`).join('')
  const values = columns.map((_, at) => `, s.s${at}`).join('')
  const select = `select s.ctid, ${key}, null::smallint${values} from pg_temp.ferry_stage s where s.ctid between $2 and $3`
  return {
    strategy: 'preserve',
    entity_type: 'plain',
    system: 'none',
    maps: [],
    key,
    rows_table: `create temp table ferry_rows (place tid, key text, refused smallint${made}) on commit drop`,
    select,
    expected: select,
    columns,
    identity: [],
    id: null,
    conflict: 'fail',
    refusals: [],
    unique: [],
    late: [],
    limit: { rows: 0, share: 0 },
  }
}
