/** What the owner of a draft with UUIDs should look at: what was guessed, and which tables keep their keys. */
import type { Catalog, CatalogTable } from '../source/catalog-rows.ts'
import { chooseScan } from './key.ts'
import { formatTableName } from './names.ts'
import type { Note } from './problem.ts'
import { nameOf } from './selection.ts'

const integers = ['smallint', 'integer', 'bigint']

/** @param system what was guessed from the name of the database */
export function uuidNotes(
  tables: readonly CatalogTable[],
  { server_version }: Pick<Catalog, 'server_version'>,
  system: string,
): Note[] {
  const keys = new Map(
    tables.map((table) => {
      const { key, scan } = chooseScan(table, server_version)
      return [nameOf(table), scan === undefined ? key : []] as const
    }),
  )
  return [
    systemNote(system),
    ...tables.flatMap((table) => keptKeyNote(table, keys.get(nameOf(table)) ?? [])),
    ...tables.flatMap((table) => referenceNotes(table, keys)),
  ]
}

function systemNote(system: string): Note {
  return {
    code: 'system_guessed',
    message: `The source system is called "${system}" after its database.`,
    hint: 'Give it the name that it is known by, before anything is moved: the UUIDs of all rows come from it.',
    path: 'source.system',
  }
}

type Key = readonly { readonly column: string; readonly type: string }[]

function keptKeyNote(table: CatalogTable, key: Key): Note[] {
  const name = nameOf(table)
  if (key.length === 0) {
    return [
      {
        code: 'ids_without_key',
        message: `${name} has no key, so its rows get no UUIDs.`,
        hint: 'Add a primary key at the source where they are to have some.',
        path: 'ids',
      },
    ]
  }
  const [only, ...others] = key
  if (others.length === 0 && only !== undefined && integers.includes(only.type)) return []
  const words = others.length > 0 ? `${key.length} columns` : `${only?.type}`
  return [
    {
      code: 'ids_key_kept',
      message: `The key of ${name} (${words}) is not one whole number and stays as it is.`,
      hint: 'Give the entity the id strategy uuid where its rows are to have UUIDs all the same.',
      path: 'ids',
    },
  ]
}

/** Foreign keys to something else than the key of their table: no id stands for what they hold. */
function referenceNotes(table: CatalogTable, keys: ReadonlyMap<string, Key>): Note[] {
  return table.constraints.flatMap(({ name, reference, inherited }) => {
    if (reference === null || inherited) return []
    const parent = formatTableName(reference)
    const key = keys.get(parent)?.map(({ column }) => column)
    const isKey =
      key === undefined ||
      (key.length === reference.columns.length &&
        key.every((column) => reference.columns.includes(column)))
    if (isKey) return []
    return [
      {
        code: 'ids_reference_kept',
        message: `${name} of ${nameOf(table)} points at ${reference.columns.join(', ')} of ${parent}, which is not its key: the values stay as they are.`,
        hint: 'Nothing to do, unless the column holds what is to become a UUID.',
        path: 'ids',
      },
    ]
  })
}
