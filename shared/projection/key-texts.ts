/** Key texts, one per key column, as the source server printed them. */
export type KeyTexts = readonly string[]
