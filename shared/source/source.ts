/** What the engine knows of a source: a catalog, ranges, and a stream of COPY text. */
import type { Writable } from 'node:stream'
import type { CompiledEntity, KeyRange, KeyTexts } from '../projection/entity.ts'
import type { Catalog } from './catalog-rows.ts'

export interface Bounds {
  /** Rows counted, at most as many as asked for; null where the table has no key. */
  readonly rows: number | null
  /** Key of the last row counted; null where there is none or no key. */
  readonly last: KeyTexts | null
  /** Whether the range holds a row behind `last`. */
  readonly more: boolean
}

export interface CopiedOut {
  readonly rows: number
  readonly bytes: number
}

/** All of it raises FerryError with `context.retry`; no message carries a value of a row. */
export interface Source {
  /** @param schemas null reads every schema but the system's */
  catalog(schemas: readonly string[] | null): Promise<Catalog>
  /** Looks ahead in key order: where a batch of `rows` rows in the range would end. */
  bounds(entity: CompiledEntity, range: KeyRange, rows: number): Promise<Bounds>
  /**
   * Streams the rows of a range as COPY text into `into` and ends it. On failure of either side both
   * streams are destroyed, and the connection is thrown away.
   */
  copyOut(entity: CompiledEntity, range: KeyRange, into: Writable): Promise<CopiedOut>
  close(): Promise<void>
}
