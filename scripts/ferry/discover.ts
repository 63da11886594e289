/** `ferry discover`: looks at a legacy database and writes a draft plan. */
import { discoverPlan, planName, systemName } from '../../shared/plan/discover.ts'
import type { Console } from './console.ts'
import { EXIT, type ExitCode } from './exit.ts'
import { remarkAll } from './findings.ts'
import { readSource } from './legacy.ts'

export interface DiscoverOptions {
  /** Address of the source. */
  readonly source?: string
  readonly name?: string
  readonly schema?: readonly string[]
  /** Name under which functions will find the address. */
  readonly secret: string
  readonly ids?: 'preserve' | 'uuid'
  readonly sync?: boolean
}

/** The plan goes to standard output, what its owner should look at to standard error. */
export async function discover(console: Console, options: DiscoverOptions): Promise<ExitCode> {
  const { catalog, database } = await readSource(options.source, options.schema ?? null)
  const { plan, notes, tables } = discoverPlan(catalog, {
    name: planName(options.name ?? database),
    secret: options.secret,
    sync: options.sync === true,
    ...(options.ids === 'uuid' ? { ids: options.ids, system: systemName(database) } : {}),
  })
  console.result({ plan, notes, tables })
  console.say(JSON.stringify(plan, undefined, 2))
  if (!console.json) {
    remarkAll(console, 'note', notes)
    const rows = tables.reduce((sum, table) => sum + table.rows, 0)
    console.remark(`${tables.length} tables, about ${rows.toLocaleString('en-US')} rows`)
  }
  return EXIT.done
}
