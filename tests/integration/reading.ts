/** How many buffers a statement reads, and which tables from end to end, with all that it calls. */
import postgres, { type Sql } from 'postgres'

export interface Measured {
  readonly statement: string
  /** Run first in the same transaction, and not counted. */
  readonly before?: readonly string[]
}

export interface Reading {
  readonly rows: number
  /** Of 8 KiB; from the server's own or the system's cache alike. */
  readonly buffers: number
  /** Tables that the statement, or one inside a function, read from end to end. */
  readonly scans: readonly string[]
}

interface Node {
  readonly 'Node Type': string
  readonly 'Actual Rows'?: number
  readonly 'Relation Name'?: string
  readonly 'Shared Hit Blocks': number
  readonly 'Shared Read Blocks': number
  readonly Plans?: readonly Node[]
}

const notices = new WeakMap<Sql, string[]>()

/** One connection whose plans can be read. @param superuser address as one: auto_explain needs it */
export function openReader(superuser: string): Sql {
  const heard: string[] = []
  const sql = postgres(superuser, {
    max: 1,
    onnotice: ({ message = '' }) => void heard.push(message),
  })
  notices.set(sql, heard)
  return sql
}

/** From here on the session tells the plan of every statement, those inside functions, too. */
export async function explainAll(sql: Sql): Promise<void> {
  await sql.unsafe(`load 'auto_explain'; set auto_explain.log_min_duration = 0;
    set auto_explain.log_nested_statements = on; set auto_explain.log_format = json;
    set auto_explain.log_level = notice; set max_parallel_workers_per_gather = 0`)
}

/** Of the second of two runs, because the first fills the session's caches. Both are rolled back. */
export async function read(sql: Sql, { statement, before = [] }: Measured): Promise<Reading> {
  const heard = notices.get(sql) ?? []
  let plan: Node | undefined
  for (let round = 1; round <= 2; round += 1) {
    const transaction = sql.begin(async (tx) => {
      for (const each of before) await tx.unsafe(each)
      heard.length = 0
      const [row] = await tx.unsafe<{ 'QUERY PLAN': { Plan: Node }[] }[]>(
        `explain (analyze, buffers, format json) ${statement}`,
      )
      plan = row?.['QUERY PLAN'][0]?.Plan
      throw new Rollback()
    })
    await transaction.catch((error: unknown) => {
      if (!(error instanceof Rollback)) throw error
    })
  }
  if (plan === undefined) throw new Error('The server told no plan.')
  return {
    rows: plan['Actual Rows'] ?? 0,
    buffers: plan['Shared Hit Blocks'] + plan['Shared Read Blocks'],
    scans: [plan, ...heard.flatMap(planIn)].flatMap(scanned),
  }
}

class Rollback extends Error {}

/** The plan that auto_explain tells in a notice: at most one. */
function planIn(notice: string): Node[] {
  if (!notice.startsWith('duration:')) return []
  return [(JSON.parse(notice.slice(notice.indexOf('{'))) as { Plan: Node }).Plan]
}

function scanned(node: Node): string[] {
  const own = node['Node Type'] === 'Seq Scan' ? [node['Relation Name'] ?? ''] : []
  return [...own, ...(node.Plans ?? []).flatMap(scanned)]
}
