/** Whether a source lets its log be followed, asked before a migration begins. Makes nothing there. */
import type { Problem } from '../../plan/problem.ts'
import { FerryError } from '../../platform/errors.ts'
import { publicationProblems } from './publication.ts'
import { type LogSession, openLogSession } from './session.ts'
import { slotFailure, sqlstateOf } from './slot-failure.ts'
import { type LogEntity, readPublication } from './watched-tables.ts'

const statementMs = 30_000
/** The first release that has pgoutput. */
const oldestRelease = 100_000
const path = 'sync.strategy'

/**
 * @returns what stands against it, with the statements that mend it
 * @throws FerryError `source_*`
 */
export async function logProblems(
  address: string,
  publication: string,
  entities: readonly LogEntity[],
): Promise<readonly Problem[]> {
  const session = openLogSession(address, statementMs)
  try {
    const [server] = await session.rows<{ release: number; free: number }>(serverStatement)
    const { release, free } = server!
    if (release < oldestRelease) return [tooOld]
    const published = await readPublication(session, release, publication, entities)
    return [
      ...(await refusalOf(session)),
      ...(free > 0 ? [] : [noSlot]),
      ...publicationProblems(publication, entities, published),
    ]
  } finally {
    await session.close()
  }
}

const serverStatement = `select pg_catalog.current_setting('server_version_num')::int as release,
  pg_catalog.current_setting('max_replication_slots')::int
    - (select count(*)::int from pg_catalog.pg_replication_slots) as free`

/** No slot has this name. The server looks for it after everything else that it could refuse for. */
const attempt = `select pg_catalog.pg_logical_slot_peek_binary_changes('supaferry_does_not_exist', null, 1)`
const slotIsMissing = '42704'

async function refusalOf(session: LogSession): Promise<Problem[]> {
  try {
    await session.rows(attempt)
    return []
  } catch (error) {
    if (sqlstateOf(error) === slotIsMissing) return []
    const refusal = slotFailure(error)
    if (!(refusal instanceof FerryError) || refusal === error) throw error
    const { code, message, hint } = refusal
    return [{ code, message, hint, path }]
  }
}

const tooOld: Problem = {
  code: 'log_release_unsupported',
  message: 'The source is older than PostgreSQL 10, whose log cannot be followed.',
  hint: 'Choose another strategy.',
  path,
}

const noSlot: Problem = {
  code: 'log_slots_exhausted',
  message: 'The source has no replication slot left.',
  hint: 'Drop slots there that nobody uses (pg_replication_slots), or raise max_replication_slots.',
  path,
}
