/** A table by schema and name, unquoted, as the catalog spells it. */
export interface TableName {
  readonly schema: string
  readonly table: string
}
