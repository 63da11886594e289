/** What `ferry run` has moved, asked of the target itself: no function stands before it. */
import type { Sql } from 'postgres'
import { openTarget } from '../../shared/target/connect.ts'
import { refusal } from '../run/failure.ts'
import { inspectTarget } from '../run/server.ts'

/**
 * Opens a target that has the control schema, for as long as the work takes.
 * @throws FerryError `target_*`; `migration_none` where `ferry run` has never been there
 */
export async function movedByRun<T>(
  address: string,
  work: (target: Sql) => Promise<T>,
): Promise<T> {
  const target = openTarget(address)
  try {
    const { has_control } = await inspectTarget(target)
    if (!has_control) {
      throw refusal(
        'migration_none',
        'The target has no migration.',
        'Check --target; "ferry run --forget" removes the records of migrations.',
      )
    }
    return await work(target)
  } finally {
    await target.end({ timeout: 1 })
  }
}
