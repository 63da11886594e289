/** Whether the books of a finished migration balance: rows, ranges, checkpoints, progress, audit. */
import postgres, { type Sql } from 'postgres'

interface Rows {
  readonly read: string
  readonly loaded: string
  readonly failed: string
  readonly filtered: string
}

interface EntityBooks extends Rows {
  readonly id: string
  readonly name: string
  readonly target: { readonly schema: string; readonly table: string }
  readonly status: string
  readonly total: string
  readonly checkpoints: number
}

interface BatchBooks extends Rows {
  readonly entity: string
  readonly id: string
  readonly kind: string
  readonly number: number
  readonly status: string
  readonly after: string
  readonly through: string | null
}

interface CheckpointBooks {
  readonly entity: string
  readonly number: number
  readonly batch: string | null
  readonly records: string
}

/**
 * Checks the control tables of a migration that says it is completed.
 * @param address of the target, as a role that may read schema `migration` and the target tables
 * @throws Error that lists everything that does not add up
 */
export async function assertExactCounters(address: string, migrationId: string): Promise<void> {
  const sql = postgres(address, { max: 1, onnotice: () => undefined })
  try {
    const problems = await findImbalances(sql, migrationId)
    if (problems.length > 0) throw new Error(`counters are not exact:\n${problems.join('\n')}`)
  } finally {
    await sql.end()
  }
}

async function findImbalances(sql: Sql, id: string): Promise<string[]> {
  const [migration] = await sql<(Rows & Record<string, string | number>)[]>`
    select status, control_state, progress_percentage::float8 as progress, total_entities,
           completed_entities, records_total::text as total, records_read::text as read,
           records_processed::text as loaded, records_failed::text as failed,
           records_filtered::text as filtered
      from migration.orchestrations where id = ${id}`
  if (!migration) return [`there is no migration ${id}`]
  const entities = await sql<EntityBooks[]>`
    select id, entity_name as name, definition -> 'target' as target, status, records_total::text as total,
           records_read::text as read, records_processed::text as loaded,
           records_failed::text as failed, records_filtered::text as filtered,
           checkpoints_written as checkpoints
      from migration.entity_statuses where migration_id = ${id} order by dependency_order`
  const batches = await sql<BatchBooks[]>`
    select id, entity_status_id as entity, batch_number as number, status,
           range_after::text as after, range_through::text as through,
           records_read::text as read, records_successful::text as loaded,
           records_failed::text as failed, records_filtered::text as filtered, kind
      from migration.batches where migration_id = ${id} and kind in ('copy', 'settle')
     order by entity_status_id, batch_number`
  const checkpoints = await sql<CheckpointBooks[]>`
    select entity_status_id as entity, batch_number as number, batch_id as batch,
           records_processed::text as records
      from migration.checkpoints where migration_id = ${id} order by entity_status_id, batch_number`
  const audit = await sql<{ id: string; problem: string }[]>`select * from migration.verify_audit()`
  return [
    ...finished(migration, entities.length),
    ...equation('the migration', migration),
    ...sums('the migration', migration, entities),
    ...entities.flatMap((entity) => entityImbalances(entity, batches, checkpoints)),
    ...(await storedRows(sql, entities)),
    ...audit.map((entry) => `audit entry ${entry.id}: ${entry.problem}`),
  ]
}

function finished(migration: Record<string, string | number>, entities: number): string[] {
  const problems: string[] = []
  const expect = (field: string, value: string | number) => {
    if (migration[field] !== value)
      problems.push(`the migration's ${field} is ${migration[field]}, not ${value}`)
  }
  expect('status', 'completed')
  expect('control_state', 'active')
  expect('progress', 100)
  expect('total_entities', entities)
  expect('completed_entities', entities)
  expect('total', String(migration.read))
  return problems
}

function equation(what: string, rows: Rows): string[] {
  const sum = BigInt(rows.loaded) + BigInt(rows.failed) + BigInt(rows.filtered)
  return BigInt(rows.read) === sum
    ? []
    : [`${what}: read ${rows.read} is not loaded + failed + filtered = ${sum}`]
}

/** The whole must be the sum of its parts, counter by counter. */
function sums(what: string, whole: Rows, parts: readonly Rows[]): string[] {
  return (['read', 'loaded', 'failed', 'filtered'] as const).flatMap((counter) => {
    const sum = parts.reduce((total, part) => total + BigInt(part[counter]), 0n)
    return sum === BigInt(whole[counter])
      ? []
      : [`${what}: ${counter} is ${whole[counter]}, its parts have ${sum}`]
  })
}

function entityImbalances(
  entity: EntityBooks,
  allBatches: readonly BatchBooks[],
  allCheckpoints: readonly CheckpointBooks[],
): string[] {
  const batches = allBatches.filter((batch) => batch.entity === entity.id)
  const checkpoints = allCheckpoints.filter((checkpoint) => checkpoint.entity === entity.id)
  const problems = [
    ...equation(entity.name, entity),
    ...sums(entity.name, entity, batches),
    ...batches.flatMap((batch) => equation(`${entity.name} batch ${batch.number}`, batch)),
    ...chain(
      entity.name,
      batches.filter(({ kind }) => kind === 'copy'),
    ),
    ...sequence(entity, batches, checkpoints),
  ]
  if (entity.status !== 'completed') problems.push(`${entity.name} is ${entity.status}`)
  if (entity.total !== entity.read) {
    problems.push(`${entity.name}: total ${entity.total} is not read ${entity.read}`)
  }
  for (const batch of batches) {
    if (batch.status !== 'completed') {
      problems.push(`${entity.name} batch ${batch.number} is ${batch.status}`)
    }
  }
  return problems
}

/** From the beginning on, every range starts where exactly one other ended, and none lies beside. */
function chain(name: string, batches: readonly BatchBooks[]): string[] {
  const byStart = new Map(batches.map((batch) => [batch.after, batch]))
  if (byStart.size !== batches.length) return [`${name}: two batches begin at the same key`]
  let passed = 0
  let next = byStart.get('[]')
  while (next) {
    passed += 1
    byStart.delete(next.after)
    next = next.through === null ? undefined : byStart.get(next.through)
  }
  return byStart.size === 0
    ? []
    : [`${name}: behind ${passed} of ${batches.length} batches, the chain of ranges breaks`]
}

/** One checkpoint a batch, numbered without a hole, its records never falling and ending exact. */
function sequence(
  entity: EntityBooks,
  batches: readonly BatchBooks[],
  checkpoints: readonly CheckpointBooks[],
): string[] {
  const problems: string[] = []
  if (checkpoints.length !== batches.length) {
    problems.push(`${entity.name}: ${checkpoints.length} checkpoints for ${batches.length} batches`)
  }
  const missing = new Set(batches.map((batch) => batch.id))
  for (const { number, batch } of checkpoints) {
    if (batch === null || !missing.delete(batch)) {
      problems.push(`${entity.name}: checkpoint ${number} is of another batch`)
    }
  }
  if (entity.checkpoints !== checkpoints.length) {
    problems.push(
      `${entity.name}: counts ${entity.checkpoints} of ${checkpoints.length} checkpoints`,
    )
  }
  let records = 0n
  for (const [index, checkpoint] of checkpoints.entries()) {
    if (checkpoint.number !== index + 1)
      problems.push(`${entity.name}: checkpoint ${index + 1} is missing`)
    // Only late references can take rows back.
    const settles = batches.some(({ id, kind }) => id === checkpoint.batch && kind === 'settle')
    if (BigInt(checkpoint.records) < records && !settles) {
      problems.push(`${entity.name}: records fall at checkpoint ${checkpoint.number}`)
    }
    records = BigInt(checkpoint.records)
  }
  if (checkpoints.length > 0 && records !== BigInt(entity.loaded)) {
    problems.push(`${entity.name}: the last checkpoint has ${records} records`)
  }
  return problems
}

/** The target tables, empty before, hold as many rows as were counted. */
async function storedRows(sql: Sql, entities: readonly EntityBooks[]): Promise<string[]> {
  const problems: string[] = []
  for (const { target, name, loaded } of entities) {
    // The driver would take a dot in a name for the one between two names.
    const table = [target.schema, target.table].map((part) => `"${part.replaceAll('"', '""')}"`)
    const [row] = await sql.unsafe<{ n: string }[]>(
      `select count(*)::text as n from ${table.join('.')}`,
    )
    if (row?.n !== loaded) {
      problems.push(`${name}: the target holds ${row?.n} rows, ${loaded} were counted as loaded`)
    }
  }
  return problems
}
