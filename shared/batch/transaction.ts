/** The one target transaction of a batch. */
import type { TransactionSql } from 'postgres'
import { pinStatement } from '../projection/settings.ts'
import { textFormatSettings } from '../projection/text-format.ts'
import { control, type Held } from '../target/control.ts'
import type { Lane } from './lane.ts'

/**
 * A transaction whose failure costs the connection instead of a rollback: a broken copy may have ended
 * in the middle of a message, and a lost connection takes no statement. Reports what failed first.
 */
export async function inOneTransaction<T>(
  lane: Lane,
  work: (transaction: TransactionSql) => Promise<T>,
): Promise<T> {
  let failure: { readonly error: unknown } | undefined
  try {
    const answer = await lane.target.begin(async (transaction) => {
      try {
        // The driver unwraps arrays: a tuple keeps the type.
        return [await work(transaction)] as const
      } catch (error) {
        failure = { error }
        await lane.discard()
        throw error
      }
    })
    return answer[0]
  } catch (error) {
    throw failure === undefined ? error : failure.error
  }
}

/**
 * The same for what reads or writes rows: the fence first, then the settings of a load and the form in
 * which values are printed and read.
 * @throws FerryError `fenced`
 */
export function inLoad<T>(
  lane: Lane,
  batch: Held,
  work: (transaction: TransactionSql) => Promise<T>,
): Promise<T> {
  return inOneTransaction(lane, async (transaction) => {
    await control(transaction).beginLoad(batch)
    await transaction.unsafe(pinStatement(textFormatSettings))
    return work(transaction)
  })
}
