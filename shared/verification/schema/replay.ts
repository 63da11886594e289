/**
 * Two servers print one expression in two ways, and a text that is read back is printed in yet another.
 * So the target is given the source's text for objects of its own making, prints it, and forgets them:
 * what is held against the real object then comes from the same printer.
 */
import type { Sql } from 'postgres'
import { FerryError } from '../../platform/errors.ts'
import { onSide } from '../../platform/side.ts'
import { classify } from '../../platform/sqlstate.ts'
import type { TextPair } from './comparison.ts'
import { type Placed, readBackStatement, replayStatements } from './replay-statements.ts'
import { readTarget, tryOnTarget } from './target-transaction.ts'

/** Undefined: the target cannot tell. */
export type Printed = { readonly text: string } | { readonly refused: true } | undefined

/** Each table costs about five locks of the server's table of them, the scratch one and its own. */
const tablesAtOnce = 40
const textsAtOnce = 200
/** Each text that the target refuses costs some transactions to find; behind these nothing is tried. */
const mostRefused = 100

/** @throws FerryError `target_*` for a failure that is not a refusal of a text */
export async function printTexts(
  sql: Sql,
  pairs: readonly TextPair[],
): Promise<ReadonlyMap<TextPair, Printed>> {
  const printed = new Map<TextPair, Printed>()
  if (pairs.length === 0 || !(await mayMakeScratch(sql))) return printed
  const placed = pairs.map((pair, at) => ({ pair, name: `ferry text ${at}` }))
  let refused = 0
  for (const group of groupsOf(placed)) {
    const open = [group]
    for (let some = open.pop(); some !== undefined; some = open.pop()) {
      if (refused >= mostRefused) break
      const texts = await printGroup(sql, some)
      if (texts !== undefined) {
        for (const { pair, name } of some) {
          const text = texts.get(name)
          printed.set(pair, text === undefined ? undefined : { text })
        }
      } else if (some.length === 1) {
        refused += 1
        printed.set(some[0]!.pair, { refused: true })
      } else {
        const half = Math.ceil(some.length / 2)
        open.push(some.slice(half), some.slice(0, half))
      }
    }
  }
  return printed
}

async function mayMakeScratch(sql: Sql): Promise<boolean> {
  const [row] = await readTarget(sql, (tx) =>
    tx.unsafe<{ may: boolean }[]>(
      `select pg_catalog.has_database_privilege(pg_catalog.current_database(), 'TEMPORARY')
        and not pg_catalog.pg_is_in_recovery() as may`,
    ),
  )
  return row?.may === true
}

/** Undefined where the target refuses one of the texts. */
async function printGroup(
  sql: Sql,
  placed: readonly Placed[],
): Promise<ReadonlyMap<string, string> | undefined> {
  try {
    return await tryOnTarget(sql, async (tx) => {
      await tx.unsafe(replayStatements(placed).join(';\n'))
      const rows = await tx.unsafe<{ name: string; text: string }[]>(
        readBackStatement(placed.map(({ name }) => name)),
      )
      return new Map(rows.map(({ name, text }) => [name, text]))
    })
  } catch (error) {
    if (isRefusal(error)) return undefined
    throw onSide('target', classify(error))
  }
}

/** What the statement itself is to blame for: syntax, names, privileges, values, features. */
function isRefusal(error: unknown): boolean {
  if (error instanceof FerryError) return false
  const { sqlstate } = classify(error).context
  return typeof sqlstate === 'string' && /^(42|22|0A|2B|2F|3F|54)/.test(sqlstate)
}

/** A table's texts stay together, and no group has two tables of one name. */
function groupsOf(placed: readonly Placed[]): Placed[][] {
  const byTable = new Map<string, Placed[]>()
  for (const each of placed) {
    const { container } = each.pair
    const table =
      'table' in container ? JSON.stringify([container.table.schema, container.table.table]) : ''
    const list = byTable.get(table)
    if (list === undefined) byTable.set(table, [each])
    else list.push(each)
  }
  const groups: { readonly names: Set<string>; readonly texts: Placed[] }[] = []
  for (const texts of byTable.values()) {
    const { container } = texts[0]!.pair
    const name = 'table' in container ? container.table.table : ''
    const last = groups.at(-1)
    const fits =
      last !== undefined &&
      !last.names.has(name) &&
      last.names.size < tablesAtOnce &&
      last.texts.length + texts.length <= textsAtOnce
    if (fits) {
      last.names.add(name)
      last.texts.push(...texts)
    } else groups.push({ names: new Set([name]), texts })
  }
  return groups.map(({ texts }) => texts)
}
