/** What a mapping makes of a table: columns of the target that need not be those of the source. */

/** What a mapped entity's columns are in the target. */
export interface ShapedColumn {
  readonly target: string
  /** `format_type` text; built in, or the source's own type for a straight copy. */
  readonly type: string
  /** Of a straight copy the source column's; else of nothing: '0'. */
  readonly type_oid: string
  /** Source column where the value passes unchanged (rename); null where it is computed. */
  readonly from: string | null
  /** `entity_name` of the parent of a reference, whatever becomes of its ids. */
  readonly reference: {
    readonly entity_name: string
    readonly source_columns: readonly string[]
  } | null
  /** What references to the entity hold: a UUID, or a key of one column that is preserved. */
  readonly is_id: boolean
  /** No accepted row has null here, as far as the source says. */
  readonly not_null: boolean
  /** The source's generated column `from`, which the target computes itself: nothing writes it. */
  readonly is_generated?: true
}
