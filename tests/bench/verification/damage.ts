/** A few rows of the target changed, spread over all of it. */
import { connect, type Dataset, rowsOf } from '../dataset.ts'
import type { Pair } from './own-checksum.ts'

const CHANGED_ROWS = 10

/** @returns the findings that a verification has to come to */
export async function damage({ servers, dataset, target }: Pair): Promise<string[]> {
  const places = placesOf(dataset)
  const sql = connect(servers.target, target)
  try {
    for (const { table, id } of places) {
      await sql`update ${sql(table)} set note = coalesce(note, '') || '!' where id = ${id}`
    }
  } finally {
    await sql.end()
  }
  return places.map(({ table, id }) => `public.${table} ${id} changed`)
}

/** In turn from each table, at equal distances. @throws Error where a table has too few rows */
export function placesOf(dataset: Dataset): { readonly table: string; readonly id: number }[] {
  if (rowsOf(dataset, dataset.tables - 1) < CHANGED_ROWS) {
    throw new Error(`A table to be verified has ${CHANGED_ROWS} rows at least.`)
  }
  return Array.from({ length: CHANGED_ROWS }, (_, place) => {
    const number = place % dataset.tables
    const id = 1 + Math.floor((rowsOf(dataset, number) * (place + 0.5)) / CHANGED_ROWS)
    return { table: `item_${number}`, id }
  })
}
