/**
 * Everything that has to be true before a migration begins: the plan is valid, the source answers and
 * has what the plan names, the target can take it, both have connections for it. Writes nothing anywhere.
 */
import type { Sql } from 'postgres'
import { checkPlan } from '../plan/check.ts'
import type { PlannedEntity } from '../plan/compile.ts'
import { planFingerprint, sourceFingerprint } from '../plan/fingerprint.ts'
import { patternProblems, sourceZoneProblems, zoneProblems } from '../plan/patterns.ts'
import type { Note, Problem } from '../plan/problem.ts'
import { type Plan, parsePlan } from '../plan/schema.ts'
import { selectEntities } from '../plan/selection.ts'
import { FerryError } from '../platform/errors.ts'
import { classify } from '../platform/sqlstate.ts'
import type { CompiledEntity } from '../projection/entity.ts'
import type { Step } from '../schema/steps/step.ts'
import { planTarget } from '../schema/target-plan.ts'
import { readTargetState, type TargetState } from '../schema/target-state.ts'
import type { Catalog } from '../source/catalog-rows.ts'
import { openSource } from '../source/connect.ts'
import type { Source } from '../source/source.ts'
import { logProblems } from '../sync/log/preflight.ts'
import { targetSide } from '../verification/side.ts'
import { type Budget, type Demand, laneBudget, PROJECT_CONNECTIONS } from './connection-budget.ts'
import { type Offer, offerOfSource, offerOfTarget } from './connection-offer.ts'
import { type Mends, mendProblems, stateAtBeginning } from './mend.ts'

export interface PreparedEntity extends PlannedEntity {
  /** What the control plane has done to its table after the rows are in. */
  readonly steps: readonly Step[]
}

export interface Prepared {
  readonly plan: Plan
  readonly entities: readonly PreparedEntity[]
  /** Statements for the target, each text complete in itself. */
  readonly ddl: readonly string[]
  readonly fingerprints: { readonly plan: string; readonly source: string }
  /** Batches at work at a time: what is asked for, or what both servers have connections for. */
  readonly lanes: number
  readonly notes: readonly Note[]
}

/** How many entities were understood, and what is worth knowing, are told in any case. */
export type Preparation = { readonly notes: readonly Note[]; readonly entities: number } & (
  | { readonly prepared: Prepared; readonly problems: readonly [] }
  | { readonly prepared?: never; readonly problems: readonly Problem[] }
)

export interface PrepareOptions {
  /** As it came in: parsed JSON, nothing checked. */
  readonly plan: unknown
  readonly target: Sql
  /** Address of the source by the name of its secret; undefined where nothing bears the name. */
  readonly resolveSecret: (name: string) => Promise<string | undefined>
  /** Opens a source by its address; tests and other kinds of sources hand in their own. */
  readonly open?: (address: string) => Source
  /** The plan's lanes and what a project takes besides, where nothing is said. */
  readonly demand?: Demand
  /** For a look at what a plan would do: targets that hold rows already stand in nobody's way. */
  readonly filled?: 'allowed'
  /** The plan is a mended one, for a migration that has made its tables and filled them. */
  readonly mends?: Mends
}

/**
 * Problems of the plan come back as a list, all together. A server that does not answer is an error.
 * @throws FerryError `source_unreachable`, `address_invalid`, … at `source.secret`;
 *   `source_too_few_connections`, `target_too_few_connections`; the target's failures as `classify`
 *   names them
 */
export async function prepareMigration(options: PrepareOptions): Promise<Preparation> {
  const parsed = parsePlan(options.plan)
  if (parsed.plan === undefined) return nothingBut(parsed.problems)
  const { plan } = parsed
  const address = await options.resolveSecret(plan.source.secret)
  if (address === undefined) return nothingBut([secretProblem()])
  const budget = await budgetOf(options, plan, address)
  const { catalog, zones } = await readSource(plan, () => (options.open ?? openSource)(address))
  const targets = selectEntities(plan, catalog).entities.map(({ target }) => target)
  const found = await readTargetState(options.target, targets, columnTypeTexts(catalog)).catch(
    (error: unknown) => {
      throw classify(error)
    },
  )
  const state = stateFor(options, found)
  const checked = checkPlan(plan, catalog, state, found)
  const target = planTarget(checked.entities, catalog, plan.rename.schemas, state)
  const { query } = targetSide(options.target)
  const unknown = [
    ...(await patternProblems(plan, query)),
    ...(await zoneProblems(plan, query)),
    ...zones,
  ]
  const mended =
    options.mends === undefined ? [] : mendProblems(plan, options.mends, checked.entities, found)
  const unread = await logProblemsOf(options, plan, address, checked.entities)
  const problems = [...checked.problems, ...unknown, ...target.problems, ...mended, ...unread]
  const notes = [...budget.notes, ...checked.notes, ...target.notes]
  const entities = checked.entities.length
  if (problems.length > 0) return { problems, notes, entities }
  const isThere = (definition: CompiledEntity) =>
    state.tables.some(
      ({ schema, table }) =>
        schema === definition.target.schema && table === definition.target.table,
    )
  const prepared = {
    plan,
    entities: checked.entities.map((entity) => ({
      ...entity,
      definition: {
        ...entity.definition,
        ...(isThere(entity.definition) ? { existed: true as const } : {}),
      },
      steps: target.steps.get(entity.target_entity) ?? [],
    })),
    ddl: target.ddl,
    fingerprints: {
      plan: planFingerprint(plan),
      source: sourceFingerprint(checked.entities, catalog),
    },
    lanes: budget.lanes,
    notes,
  }
  return { prepared, problems: [], notes, entities }
}

function nothingBut(problems: readonly Problem[]): Preparation {
  return { problems, notes: [], entities: 0 }
}

/** The state of the target that a plan is held against. */
function stateFor({ filled, mends }: PrepareOptions, found: TargetState): TargetState {
  if (mends !== undefined) return stateAtBeginning(found, mends)
  return filled === 'allowed' ? { ...found, filled: [] } : found
}

/** A source of another kind has no connections to run out of. */
async function budgetOf(options: PrepareOptions, plan: Plan, address: string): Promise<Budget> {
  const asked = { lanes: plan.settings.lanes, besides: PROJECT_CONNECTIONS }
  const source = options.open === undefined ? await askSource(address) : undefined
  return laneBudget(source, await offerOfTarget(options.target), options.demand ?? asked)
}

/** What keeps the source's log from being followed, where the plan asks for it. */
async function logProblemsOf(
  options: PrepareOptions,
  { sync }: Plan,
  address: string,
  entities: readonly PlannedEntity[],
): Promise<readonly Problem[]> {
  const logged = entities.filter(({ definition }) => definition.sync?.strategy === 'log')
  const publication = sync?.publication
  if (logged.length === 0 || publication === undefined || options.open !== undefined) return []
  const asked = logged.map(({ target_entity, definition: { source, key } }) => ({
    id: target_entity,
    source,
    key: key.map(({ column }) => column),
  }))
  return logProblems(address, publication, asked)
}

async function askSource(address: string): Promise<Offer> {
  try {
    return await offerOfSource(address)
  } catch (error) {
    throw atSecret(classify(error))
  }
}

async function readSource(
  plan: Plan,
  open: () => Source,
): Promise<{ readonly catalog: Catalog; readonly zones: readonly Problem[] }> {
  let source: Source | undefined
  try {
    source = open()
    const { query } = source
    const catalog = await source.catalog(plan.source.schemas)
    return { catalog, zones: await sourceZoneProblems(plan, query) }
  } catch (error) {
    throw atSecret(classify(error))
  } finally {
    await source?.close()
  }
}

/** The same failure with the place in the plan that led to it. */
function atSecret(error: FerryError): FerryError {
  const { message, hint, status, kind, context } = error
  const code = error.code === 'database_unreachable' ? 'source_unreachable' : error.code
  return new FerryError({
    code: code.replace(/^database_/, 'source_'),
    message: message.replace('The database', 'The source database'),
    hint,
    status,
    kind,
    context,
    path: 'source.secret',
  })
}

function secretProblem(): Problem {
  return {
    code: 'source_secret_missing',
    message: 'No function secret and no Vault secret has the name that the plan gives.',
    hint: 'Set it: supabase secrets set NAME=postgres://… or select vault.create_secret(…).',
    path: 'source.secret',
  }
}

/** Every type text of the catalog: cheap to ask about, and the choice is made later. */
function columnTypeTexts(catalog: Catalog): string[] {
  const columns = catalog.tables.flatMap((table) => table.columns.map(({ type }) => type))
  const parts = catalog.types.flatMap((type) => {
    if (type.kind === 'domain') return [type.base]
    if (type.kind === 'composite') return type.attributes.map((each) => each.type)
    return type.kind === 'range' ? [type.subtype] : []
  })
  return [...new Set([...columns, ...parts])]
}
