/** Transactions of the check on the target, pinned like every other read; what they fail with is the target's. */
import type { Sql, TransactionSql } from 'postgres'
import { onSide } from '../../platform/side.ts'
import { classify } from '../../platform/sqlstate.ts'
import { pinStatement } from '../../projection/settings.ts'
import { textFormatSettings } from '../../projection/text-format.ts'

/** A function lives for minutes only, and nobody is to wait behind a check. */
const settings = { ...textFormatSettings, statement_timeout: '60000', lock_timeout: '10000' }

/** @throws FerryError `target_*` as a failure is classified */
export async function readTarget<T>(
  sql: Sql,
  work: (tx: TransactionSql) => Promise<T>,
): Promise<T> {
  try {
    const answer = await sql.begin('isolation level repeatable read read only', async (tx) => {
      await tx.unsafe(pinStatement(settings))
      return [await work(tx)] as const
    })
    return answer[0]
  } catch (error) {
    throw onSide('target', classify(error))
  }
}

/**
 * Lets `work` make what it needs to look at, and takes all of it back.
 * @throws whatever the driver throws, for the caller to judge
 */
export async function tryOnTarget<T>(
  sql: Sql,
  work: (tx: TransactionSql) => Promise<T>,
): Promise<T> {
  let answer: readonly [T] | undefined
  const takenBack = new Error('Taken back.')
  try {
    await sql.begin('read write', async (tx) => {
      await tx.unsafe(pinStatement(settings))
      answer = [await work(tx)]
      throw takenBack
    })
  } catch (error) {
    if (error !== takenBack) throw error
  }
  return answer![0]
}
