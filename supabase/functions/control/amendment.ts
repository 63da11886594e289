/** A mended plan for a migration that is done, held against both sides as a start would do it. */
import { FerryError } from '../../../shared/platform/errors.ts'
import { prepareAmendment } from '../../../shared/start/amend.ts'
import type { Mends } from '../../../shared/start/mend.ts'
import type { Amendment } from '../../../shared/target/dead-letters.ts'
import { platform } from '../_shared/platform.ts'
import { refused } from '../_shared/problems.ts'
import { resolveSecret as secretAddress } from '../_shared/secret.ts'
import { migrations, sql } from '../_shared/target.ts'

const resolveSecret = (name: string) => secretAddress(name, platform, sql)

/**
 * Undefined where no plan is given.
 * @throws RequestRefused with every problem; `migration_unknown`
 */
export async function amendmentOf(id: string, plan: unknown): Promise<Amendment | undefined> {
  if (plan === undefined) return undefined
  const mends: Mends | undefined = await migrations.beginningOf(id)
  if (mends === undefined) throw unknown()
  const options = { plan, target: sql, resolveSecret, mends }
  const { amendment, problems } = await prepareAmendment(options)
  if (amendment === undefined) throw refused(problems)
  return amendment
}

function unknown() {
  return new FerryError({
    code: 'migration_unknown',
    message: 'There is no such migration.',
    hint: 'List them with status.',
    status: 404,
  })
}
