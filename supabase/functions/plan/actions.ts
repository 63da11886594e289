/** The four things that can be asked about a plan. None of them moves a row. */
import { FerryError } from '../../../shared/platform/errors.ts'
import { openSource } from '../../../shared/source/connect.ts'
import { discoverSource } from '../../../shared/start/discover-source.ts'
import {
  type Preparation,
  type PrepareOptions,
  prepareMigration,
} from '../../../shared/start/prepare.ts'
import { previewEntity } from '../../../shared/start/preview.ts'
import { openLaneTarget } from '../../../shared/target/connect.ts'
import { planControl } from '../../../shared/target/plan-control.ts'
import { platform } from '../_shared/platform.ts'
import { refused } from '../_shared/problems.ts'
import { resolveSecret as secretAddress } from '../_shared/secret.ts'
import { migrations, sql, targetAddress } from '../_shared/target.ts'
import type { Asked } from './request.ts'

const resolveSecret = (name: string) => secretAddress(name, platform, sql)

const prepare = (options: Pick<PrepareOptions, 'plan' | 'filled'>) =>
  prepareMigration({ ...options, target: sql, resolveSecret })

/** A draft, with what its owner should look at. */
export async function discover({ secret, ...options }: Asked<'discover'>) {
  return discoverSource(openSource, await resolveSecret(secret), { ...options, secret })
}

/** All that stands against a plan, and what is worth knowing. Answered, not refused. */
export async function check({ plan }: Asked<'check'>) {
  const { problems, notes, entities } = await prepare({ plan }).catch(asProblem)
  const findings = [
    ...problems.map((problem) => ({ severity: 'problem', ...problem })),
    ...notes.map((note) => ({ severity: 'note', ...note })),
  ]
  return { findings, entities }
}

/** What ends the checks early is a problem as well, unless a server did not answer. */
function asProblem(error: unknown): Pick<Preparation, 'problems' | 'notes' | 'entities'> {
  if (!(error instanceof FerryError) || error.status >= 500) throw error
  const { code, message, hint, path = 'plan' } = error
  return { problems: [{ code, message, hint, path }], notes: [], entities: 0 }
}

/** What would become of an entity's first rows. @throws RequestRefused with every problem of the plan */
export async function preview(asked: Asked<'preview'>, actor: string) {
  const { entity, rows, values } = asked
  const { prepared, problems } = await prepare({ plan: asked.plan, filled: 'allowed' })
  if (prepared === undefined) throw refused(problems)
  const source = openSource(await resolveSecret(prepared.plan.source.secret))
  const target = openLaneTarget(targetAddress())
  try {
    const found = await previewEntity({ prepared, entity, rows, values, source, target })
    if (values) {
      const details = { entity, rows: found.rows.length }
      await migrations.audit({ actor, action: 'plan.values_shown', outcome: 'ok', details })
    }
    return { entity, ...found }
  } finally {
    await Promise.allSettled([source.close(), target.sql.end({ timeout: 1 })])
  }
}

/** Keeps the mappings of a plan. @throws RequestRefused with every problem of the plan */
export async function save({ plan }: Asked<'save'>, actor: string) {
  const { prepared, problems } = await prepare({ plan })
  if (prepared === undefined) throw refused(problems)
  return planControl(sql).savePlan(prepared.entities, prepared.fingerprints.plan, actor)
}
