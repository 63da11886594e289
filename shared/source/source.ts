/** What the engine knows of a source: a catalog, ranges, and a stream of COPY text. */
import type { Row } from 'postgres'
import type { CompiledEntity, KeyRange, KeyTexts, RowSet } from '../projection/entity.ts'
import type { CopySink, Moved } from '../wire/copy-sink.ts'
import type { Catalog } from './catalog-rows.ts'

export interface Bounds {
  /** Key of the last row of the batch; null where the range holds no row, or the table has no key. */
  readonly last: KeyTexts | null
  /** Whether the range holds a row behind `last`. */
  readonly more: boolean
}

/** What left the source for a range. Rows read are those sent and those filtered. */
export interface Sent extends Moved {
  /** Rows of the range that the entity's filter took out, exact in the copy's own snapshot. */
  readonly filtered: number
}

/** Streams the rows of a range, or chosen ones, into a sink; resolves when the last one is handed over. */
export type CopyOut = (entity: CompiledEntity, rows: RowSet, into: CopySink) => Promise<Sent>

/** All of it raises FerryError with `context.retry`; no message carries a value of a row. */
export interface Source {
  /** @param schemas null reads every schema but the system's */
  catalog(schemas: readonly string[] | null): Promise<Catalog>
  /** Looks ahead in key order: where a batch of `rows` rows in the range would end. */
  bounds(entity: CompiledEntity, range: KeyRange, rows: number): Promise<Bounds>
  /** On failure of either side the connection is thrown away. */
  readonly copyOut: CopyOut
  /** Several copies of one snapshot, one after the other. What `work` rejects with comes through as a FerryError. */
  snapshot<T>(work: (copyOut: CopyOut) => Promise<T>): Promise<T>
  /** One statement without parameters in a pinned read-only snapshot, for what a check looks at. */
  query(statement: string): Promise<readonly Row[]>
  close(): Promise<void>
}
