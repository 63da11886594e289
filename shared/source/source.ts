/** What the engine knows of a source: a catalog, ranges, and a stream of COPY text. */
import type { CompiledEntity, KeyRange, KeyTexts } from '../projection/entity.ts'
import type { CopySink, Moved } from '../wire/copy-sink.ts'
import type { Catalog } from './catalog-rows.ts'

export interface Bounds {
  /** Rows counted, at most as many as asked for; null where the table has no key. */
  readonly rows: number | null
  /** Key of the last row counted; null where there is none or no key. */
  readonly last: KeyTexts | null
  /** Whether the range holds a row behind `last`. */
  readonly more: boolean
}

/** All of it raises FerryError with `context.retry`; no message carries a value of a row. */
export interface Source {
  /** @param schemas null reads every schema but the system's */
  catalog(schemas: readonly string[] | null): Promise<Catalog>
  /** Looks ahead in key order: where a batch of `rows` rows in the range would end. */
  bounds(entity: CompiledEntity, range: KeyRange, rows: number): Promise<Bounds>
  /**
   * Streams the rows of a range as COPY text into `into`, and resolves when the last one is handed over.
   * On failure of either side the connection is thrown away.
   */
  copyOut(entity: CompiledEntity, range: KeyRange, into: CopySink): Promise<Moved>
  close(): Promise<void>
}
