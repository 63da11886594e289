/** How a server ran a query: asked for with `explain`, so that its rows stay there. */

/** A node of a plan, as far as it is looked at. */
interface PlanNode {
  readonly 'Node Type': string
  readonly 'Actual Rows'?: number
  readonly 'Actual Loops'?: number
  readonly 'Rows Removed by Filter'?: number
  readonly Plans?: readonly PlanNode[]
}

export interface PlanRow {
  readonly 'QUERY PLAN'?: readonly { readonly Plan: PlanNode; readonly 'Execution Time': number }[]
}

export interface Run {
  readonly ms: number
  /** Rows of the answer. */
  readonly rows: number
  /** Types of the plan's nodes, from the top. */
  readonly nodes: readonly string[]
  /** Whether an index was used. */
  readonly indexed: boolean
  /** Rows that were read by looking through all of a table. */
  readonly scanned: number
}

/** Operators of citext are found by the search path, as they are for whoever asks. */
const searchPath = `select pg_catalog.set_config('search_path', coalesce((
  select pg_catalog.quote_ident(n.nspname) from pg_catalog.pg_extension e
  join pg_catalog.pg_namespace n on n.oid = e.extnamespace where e.extname = 'citext'), ''), true)`

/**
 * Several statements in one text: the limit, the search path, the query. Before release 13 a limit does
 * not hold for the text that sets it.
 * @param limit milliseconds
 */
export function explainStatements(query: string, limit: number): string {
  return `set local statement_timeout = ${Math.max(1, Math.round(limit))};
${searchPath};
explain (analyze, timing off, format json) ${query}`
}

/** @param answer of `explainStatements`: the rows of each statement */
export function readPlan(answer: readonly (readonly PlanRow[])[]): Run {
  const [plan] = answer.at(-1)![0]!['QUERY PLAN']!
  const nodes = flatten(plan!.Plan)
  return {
    ms: plan!['Execution Time'],
    rows: rowsOf(plan!.Plan),
    nodes: nodes.map((node) => node['Node Type']),
    indexed: nodes.some((node) => node['Node Type'].includes('Index')),
    scanned: nodes
      .filter((node) => node['Node Type'] === 'Seq Scan')
      .reduce((total, node) => total + rowsOf(node) + removedOf(node), 0),
  }
}

function flatten(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(flatten)]
}

/** Of a node that runs several times the server gives the average. */
function rowsOf(node: PlanNode): number {
  return Math.round((node['Actual Rows'] ?? 0) * (node['Actual Loops'] ?? 1))
}

function removedOf(node: PlanNode): number {
  return Math.round((node['Rows Removed by Filter'] ?? 0) * (node['Actual Loops'] ?? 1))
}
