/**
 * Digests that tell whether a plan or the part of a source that it reads has changed. A run never
 * goes on under another fingerprint.
 */
import { createHash } from 'node:crypto'
import type { Catalog } from '../source/catalog-rows.ts'
import type { PlannedEntity } from './compile.ts'
import type { Plan } from './schema.ts'
import { nameOf } from './selection.ts'

/** JSON with sorted keys and no spaces: one text for one value. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const entries = Object.entries(value)
    .filter(([, inner]) => inner !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${canonicalJson(inner)}`).join(',')}}`
}

/** SHA-256 in hex of a plan; the address of its editor schema does not count. */
export function planFingerprint(plan: Plan): string {
  const { $schema: _editor, ...rest } = plan
  return digest(rest)
}

/**
 * SHA-256 in hex of the columns and keys that the entities read, and of the foreign keys that a mapping
 * follows. The target has no say in it.
 */
export function sourceFingerprint(entities: readonly PlannedEntity[], catalog: Catalog): string {
  const tables = new Map(catalog.tables.map((table) => [nameOf(table), table]))
  const parts = entities.map(({ definition, shape }) => {
    const { schema, table: name } = definition.source
    const table = tables.get(nameOf({ schema, name }))
    const columns = table?.columns.map(({ name, type, collation, not_null, generated }) => ({
      name,
      type,
      collation,
      not_null,
      generated,
    }))
    return canonicalJson({
      schema,
      name,
      partitioned: definition.source.partitioned,
      columns,
      key: definition.key,
      filter: definition.filter,
      references: shape?.flatMap(({ target, reference }) =>
        reference === null ? [] : [{ target, ...reference }],
      ),
    })
  })
  return createHash('sha256')
    .update(`[${parts.sort().join(',')}]`)
    .digest('hex')
}

function digest(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex')
}
