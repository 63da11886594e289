/** Sequences: how they count, whose they are, and that they do not give out a number twice. */
import { quoteIdent, quoteQualified, quoteTable } from '../../projection/quote.ts'
import type { MovedTable } from '../../schema/moved-table.ts'
import { isNumber, type SequenceUse } from '../../schema/sequences.ts'
import type { CatalogSequence } from '../../source/catalog-rows-attached.ts'
import { type Comparison, placeOf } from './comparison.ts'
import type { Place } from './ledger.ts'
import { type AbsentSequence, mayLookUp, type PositionProbe } from './positions.ts'

/** What the catalog does not tell about sequences. */
export interface SequenceQuestions {
  /** Whether a column holds what its sequence has yet to give. */
  readonly probes: PositionProbe[]
  /** Those that no column of the target uses; whether they are there is open. */
  readonly unused: AbsentSequence[]
}

export function compareSequences(comparison: Comparison): SequenceQuestions {
  const compared = new Set<string>()
  const probes: PositionProbe[] = []
  const unused: AbsentSequence[] = []
  for (const moved of comparison.design.tables) {
    for (const use of comparison.design.sequences.users(moved)) {
      const at = placeOf(comparison, moved, `sequence ${use.sequence.name}`)
      const found = findSequence(moved, use, comparison)
      // What the target numbers in another way is its own affair.
      if (found === undefined && !moved.isNew) continue
      if (!compared.has(use.sequence.oid)) {
        compared.add(use.sequence.oid)
        if (found !== undefined) compareSequence(at, moved, use.sequence, found, comparison)
        else unused.push({ at, name: expectedName(use.sequence, comparison) })
      }
      const probe = found === undefined ? undefined : probeOf(at, moved, use, found, comparison)
      if (probe !== undefined) probes.push(probe)
    }
  }
  return { probes, unused }
}

/** In a table that was there already, the sequence is the one that its column owns. */
function findSequence(
  moved: MovedTable,
  { sequence, column }: SequenceUse,
  { design, target, existed }: Comparison,
): CatalogSequence | undefined {
  if (existed(moved)) return target.ownedBy(moved.target, column)
  const name = design.sequences.find(sequence.oid)
  return name === undefined ? undefined : target.sequence(name.schema, name.name)
}

function expectedName({ oid, schema, name }: CatalogSequence, { design }: Comparison): string {
  const target = design.sequences.find(oid) ?? { schema, name }
  return quoteQualified(target.schema, target.name)
}

const parameters = [
  'type',
  'start',
  'increment',
  'minimum',
  'maximum',
  'cache',
] as const satisfies readonly (keyof CatalogSequence)[]

function compareSequence(
  at: Place,
  moved: MovedTable,
  sequence: CatalogSequence,
  found: CatalogSequence,
  comparison: Comparison,
): void {
  const { ledger } = comparison
  if (!comparison.existed(moved)) {
    for (const each of parameters) {
      ledger.hold(at, `sequence_${each}_differs`, sequence[each], found[each])
    }
    const cycle = (each: CatalogSequence) => (each.cycle ? 'cycle' : 'no cycle')
    ledger.hold(at, 'sequence_cycle_differs', cycle(sequence), cycle(found))
    ledger.hold(at, 'sequence_owner_differs', ownerOf(sequence, comparison), foundOwner(found))
  }
  comparePosition(at, sequence, found, comparison)
}

/** The target may be further on, never further back. One that begins anew at its end says nothing. */
function comparePosition(
  at: Place,
  sequence: CatalogSequence,
  found: CatalogSequence,
  { ledger }: Comparison,
): void {
  const expected = nextValue(sequence)
  const next = nextValue(found)
  if (expected === undefined || next === undefined) return
  const isBehind = sequence.increment.startsWith('-') ? next > expected : next < expected
  if (sequence.cycle) {
    const place = isBehind ? String(next) : String(expected)
    ledger.hold(at, 'sequence_behind_source', String(expected), place, 'warning')
  } else if (isBehind) {
    const detail = { expected: String(expected), found: String(next) }
    ledger.report(at, 'sequence_behind_source', detail)
  } else ledger.hold(at, 'sequence_behind_source', null, null)
}

function nextValue({ position, increment }: CatalogSequence): bigint | undefined {
  if (position === null) return undefined
  const last = BigInt(position.last_value)
  return position.is_called ? last + BigInt(increment) : last
}

/** `"schema"."table"."column"` that owns it in the target. */
function ownerOf({ owner }: CatalogSequence, { design }: Comparison): string | null {
  if (owner === null) return null
  const moved = design.context.movedTo(owner.schema, owner.table)
  if (!moved?.columns.some(({ name }) => name === owner.column)) return null
  return `${quoteTable(moved.target)}.${quoteIdent(owner.column)}`
}

function foundOwner({ owner }: CatalogSequence): string | null {
  if (owner === null) return null
  return `${quoteQualified(owner.schema, owner.table)}.${quoteIdent(owner.column)}`
}

function probeOf(
  at: Place,
  moved: MovedTable,
  { sequence, column }: SequenceUse,
  found: CatalogSequence,
  { target }: Comparison,
): PositionProbe | undefined {
  if (sequence.cycle || found.cycle || !isNumber(moved, column)) return undefined
  const table = target.table(moved.target)
  const other = table?.columns.find(({ name }) => name === column)
  if (table === undefined || other === undefined) return undefined
  if (!/^(smallint|integer|bigint|numeric(\(.*\))?)$/.test(other.type)) return undefined
  return {
    at,
    table: moved.target,
    column,
    sequence: found,
    isAffordable: mayLookUp(table, column),
  }
}
