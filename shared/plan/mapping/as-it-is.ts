/** The mapping of a plain entity: every column as it is, rows told apart by the key of the source. */
import type { Plan } from '../schema.ts'
import { compileMapping, type MappedEntity } from './compile-mapping.ts'
import { carrierOf, type Intent } from './intent.ts'
import type { World } from './world.ts'

/**
 * Undefined where there can be none: the key does not come along, or a table that is there does not take
 * the columns as they are. Saying so is left to the schema.
 */
export function mapAsItIs(intent: Intent, plan: Plan, world: World): MappedEntity | undefined {
  const { key, selected } = intent
  if (key.length === 0 || key.some((name) => carrierOf(intent, name) === undefined))
    return undefined
  const quiet = { ...world, problems: [], notes: [] }
  // Rules are looked at in the target's own table.
  const plain = { ...intent, selected: { ...selected, rules: [] } }
  const made = compileMapping(plain, plan, quiet)
  return quiet.problems.length === 0 ? made : undefined
}
