/** Moves a whole plan through the product's own statements, without batches, leases and functions. */

import type { Note, Problem } from '../../../shared/plan/problem.ts'
import type { CompiledEntity, KeyTexts } from '../../../shared/projection/entity.ts'
import { pinStatement } from '../../../shared/projection/settings.ts'
import { stagedEntity } from '../../../shared/projection/sync.ts'
import { textFormatSettings } from '../../../shared/projection/text-format.ts'
import { openSource } from '../../../shared/source/connect.ts'
import type { Source } from '../../../shared/source/source.ts'
import { type Prepared, prepareMigration } from '../../../shared/start/prepare.ts'
import { openLaneTarget, openTarget } from '../../../shared/target/connect.ts'
import { copyIn } from '../../../shared/target/copy-in.ts'
import type { Client } from '../../../shared/wire/client.ts'
import { emptyStage, openStage } from './mapped-rows.ts'

export interface CopyOptions {
  readonly source: string
  readonly target: string
  readonly plan?: object
  /** Rows of a range. */
  readonly rows?: number
  /** Rows of plain entities take the way that incremental sync gives them. */
  readonly staged?: true
}

export async function prepare(options: CopyOptions): Promise<{
  readonly prepared?: Prepared
  readonly problems: readonly Problem[]
}> {
  const target = openTarget(plain(options.target))
  const plan = {
    version: 1,
    name: 'test',
    source: { secret: 'LEGACY', schemas: ['public'] },
    entities: '*',
    ...options.plan,
  }
  try {
    const resolveSecret = async () => plain(options.source)
    return await prepareMigration({ plan, target, resolveSecret })
  } finally {
    await target.end()
  }
}

/** @throws Error with all problems where the plan has any, or where counted and copied rows differ */
export async function copyAll(options: CopyOptions): Promise<readonly Note[]> {
  const { prepared, problems } = await prepare(options)
  if (prepared === undefined) throw new Error(JSON.stringify(problems, null, 2))
  const source = openSource(plain(options.source))
  const target = openLaneTarget(plain(options.target))
  try {
    await target.sql.begin(async (tx) => {
      await tx.unsafe(pinStatement(textFormatSettings))
      for (const statement of prepared.ddl) await tx.unsafe(statement)
    })
    for (const { definition } of prepared.entities) {
      const entity = options.staged ? stagedEntity(definition) : definition
      await copyEntity(source, target, entity, options.rows ?? 3)
    }
    await runSteps(target, prepared)
  } finally {
    await Promise.all([source.close(), target.sql.end()])
  }
  return prepared.notes
}

/** Stage by stage over all tables, as the control plane would. */
async function runSteps(target: Client, { entities }: Prepared): Promise<void> {
  const steps = entities.flatMap((entity) => entity.steps)
  for (const step of steps.toSorted((a, b) => a.stage - b.stage)) {
    await target.sql.begin(async (tx) => {
      await tx.unsafe("set local search_path = ''")
      await tx.unsafe(step.statement)
    })
  }
}

async function copyEntity(source: Source, target: Client, entity: CompiledEntity, rows: number) {
  let after: KeyTexts | null = null
  for (;;) {
    const bounds = await source.bounds(entity, { after, through: null }, rows)
    if (entity.key.length > 0 && bounds.last === null) return
    const range = { after, through: bounds.last }
    const moved = await target.sql.begin(async (tx) => {
      const settings = { ...textFormatSettings, session_replication_role: 'replica' }
      await tx.unsafe(pinStatement(settings))
      await openStage(tx, entity)
      const read = await copyIn(tx, target.tap(), entity, (sink) =>
        source.copyOut(entity, range, sink),
      )
      await emptyStage(tx, entity)
      return read
    })
    if (entity.scan === undefined && bounds.more && moved.rows !== rows) {
      throw new Error(`${entity.source.table}: ${moved.rows} rows in a range of ${rows}`)
    }
    if (!bounds.more) return
    after = bounds.last
  }
}

/** The servers of the tests speak no TLS. */
function plain(address: string): string {
  const url = new URL(address)
  url.searchParams.set('sslmode', 'disable')
  return url.href
}
