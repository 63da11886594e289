/**
 * Runs the scripts of the shared data sets without psql: statements one by one on one connection,
 * COPY blocks as streams, and the few meta commands that those scripts use.
 */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import postgres, { type Sql } from 'postgres'
import { readScript, type Substitute } from './sql-script.ts'

export interface ScriptResult {
  readonly columns: readonly string[]
  /** Text as the server sent it. */
  readonly rows: readonly (readonly (string | null)[])[]
}

/** Meta commands that only concern a terminal, a file or another connection. */
const IGNORED = new Set(['echo', 'pset', 'encoding', 'connect', 'c', 'restrict', 'unrestrict', 'q'])
/** Characters of COPY data in one write. */
const COPY_CHUNK = 65_536

/**
 * Runs a script as `psql -X -v ON_ERROR_STOP=1 -v name=value …` would.
 * @param variables psql variables, as `-v` gives them
 * @returns what the statements answered, those with columns only, in order
 */
export async function runScript(
  address: string,
  text: string,
  variables: Readonly<Record<string, string | number>> = {},
): Promise<ScriptResult[]> {
  const sql = postgres(address, { max: 1, fetch_types: false, onnotice: () => undefined })
  try {
    return await interpret(sql, text, variables)
  } finally {
    await sql.end({ timeout: 5 })
  }
}

async function interpret(
  sql: Sql,
  text: string,
  given: Readonly<Record<string, string | number>>,
): Promise<ScriptResult[]> {
  const variables = new Map(Object.entries(given).map(([name, value]) => [name, String(value)]))
  const results: ScriptResult[] = []
  const conditions: boolean[] = []
  const active = () => conditions.every(Boolean)
  const show = (result: ScriptResult) => {
    if (result.columns.length > 0) results.push(result)
  }
  for (const step of readScript(text, substitution(variables))) {
    if (step.kind === 'meta' && branch(conditions, step.command, step.argument)) continue
    if (!active()) continue
    if (step.kind === 'statement') show(await query(sql, step.sql))
    else if (step.kind === 'copy') await copy(sql, step.sql, step.data)
    else await meta(sql, step, variables, show)
  }
  return results
}

/** Keeps the stack of \if branches; false for any other command. */
function branch(conditions: boolean[], command: string, argument: string): boolean {
  if (command === 'if') conditions.push(truth(argument))
  else if (command === 'else') conditions.push(!conditions.pop())
  else if (command === 'endif') conditions.pop()
  else return false
  return true
}

function truth(argument: string): boolean {
  if (/^(true|t|on|yes|1)$/i.test(argument)) return true
  if (/^(false|f|off|no|0)$/i.test(argument)) return false
  throw new Error('\\if needs a boolean')
}

async function meta(
  sql: Sql,
  step: { readonly sql: string; readonly command: string; readonly argument: string },
  variables: Map<string, string>,
  show: (result: ScriptResult) => void,
): Promise<void> {
  switch (step.command) {
    case 'set': {
      const [, name = '', value = ''] = /^(\S+)\s*(.*)$/.exec(step.argument) ?? []
      variables.set(name, value)
      return
    }
    case 'g': {
      const result = await query(sql, step.sql)
      if (step.argument === '') show(result)
      return
    }
    case 'gset': {
      const { columns, rows } = await query(sql, step.sql)
      if (rows.length !== 1) throw new Error(`\\gset: ${rows.length} rows instead of one`)
      for (const [index, name] of columns.entries()) {
        const value = rows[0]?.[index]
        if (value === null || value === undefined) variables.delete(name)
        else variables.set(name, value)
      }
      return
    }
    case 'gexec': {
      const { rows } = await query(sql, step.sql)
      for (const cell of rows.flat()) if (cell !== null) show(await query(sql, cell))
      return
    }
    default:
      if (!IGNORED.has(step.command)) throw new Error(`unknown meta command \\${step.command}`)
  }
}

function substitution(variables: ReadonlyMap<string, string>): Substitute {
  return (name, form) => {
    const value = variables.get(name)
    if (form === 'defined') return value === undefined ? 'FALSE' : 'TRUE'
    if (value === undefined) return undefined
    if (form === 'literal') return `'${value.replaceAll("'", "''")}'`
    if (form === 'identifier') return `"${value.replaceAll('"', '""')}"`
    return value
  }
}

async function query(sql: Sql, text: string): Promise<ScriptResult> {
  const result = await sql.unsafe(text).raw()
  return {
    columns: (result.columns ?? []).map((column) => column.name),
    rows: result.map((row) => row.map((cell) => cell?.toString('utf8') ?? null)),
  }
}

async function copy(sql: Sql, text: string, data: string): Promise<void> {
  await pipeline(Readable.from(chunks(data)), await sql.unsafe(text).writable())
}

function* chunks(data: string): Generator<Buffer> {
  for (let at = 0; at < data.length; at += COPY_CHUNK) {
    yield Buffer.from(data.slice(at, at + COPY_CHUNK), 'utf8')
  }
}
