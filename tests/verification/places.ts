/** Where the rows of the target lie, and which of them were written anew: told apart by place and transaction. */
import type { Sql } from 'postgres'
import type { CompiledEntity } from '../../shared/projection/entity.ts'

/** By entity, and in it by key, or by the row where it has none: the versions that lie there. */
export type Places = ReadonlyMap<string, ReadonlyMap<string, string>>

export async function readDefinitions(sql: Sql, id: string): Promise<Map<string, CompiledEntity>> {
  const rows = await sql<{ name: string; definition: CompiledEntity }[]>`
    select entity_name as name, definition from migration.entity_statuses where migration_id = ${id}`
  return new Map(rows.map(({ name, definition }) => [name, definition]))
}

export async function readPlaces(sql: Sql, id: string): Promise<Places> {
  const places = new Map<string, ReadonlyMap<string, string>>()
  const definitions = await readDefinitions(sql, id)
  await sql.begin(async (transaction) => {
    await transaction`set local timezone = 'UTC'`
    for (const [name, definition] of definitions) {
      const rows = await transaction.unsafe<{ key: string; versions: string }[]>(
        placesStatement(definition),
      )
      places.set(name, new Map(rows.map(({ key, versions }) => [key, versions])))
    }
  })
  return places
}

function placesStatement({ key, columns, source, target }: CompiledEntity): string {
  const named = key.flatMap(({ column }) => columns.filter((each) => each.source === column))
  const whole = named.length === 0 || named.length < key.length
  const texts = named.map((each) => `format('%s', ${quoted(each.target)})`)
  const row = whole ? rowText(columns.map((each) => each.target)) : `array[${texts.join(', ')}]`
  const text = whole ? row : `to_jsonb(${row})::text`
  return `select ${text} as key, string_agg(concat_ws(' ', tableoid, ctid, xmin), ', ' order by ctid) as versions
    from ${source.partitioned ? '' : 'only '}${quoted(target.schema)}.${quoted(target.table)} group by 1`
}

export function rowText(columns: readonly string[]): string {
  return `row(${columns.map(quoted).join(', ')})::text`
}

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`

/** Keys, sorted, of what is not where it was: by entity, those without any left out. */
export function rewritten(before: Places, after: Places): Record<string, string[]> {
  const changed: Record<string, string[]> = {}
  for (const [entity, there] of after) {
    const here = before.get(entity)!
    const keys = [...new Set([...here.keys(), ...there.keys()])]
    const moved = keys.filter((key) => here.get(key) !== there.get(key))
    if (moved.length > 0) changed[entity] = moved.toSorted()
  }
  return changed
}
