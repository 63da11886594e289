/** One of the two servers, as a check reads it: one pinned read-only snapshot a statement. */
import type { Sql } from 'postgres'
import { onSide } from '../platform/side.ts'
import { classify } from '../platform/sqlstate.ts'
import { defaultTimeouts, pinSession, readOnlySnapshot } from '../source/session.ts'
import type { Source } from '../source/source.ts'

export interface Side {
  /** @throws FerryError `source_*` or `target_*`, without a value of a row */
  query<T extends object>(statement: string): Promise<readonly T[]>
}

/** @param sql any client of the target; statements of one side run one after the other */
export function targetSide(sql: Sql): Side {
  return {
    async query<T extends object>(statement: string) {
      try {
        const answer = await sql.begin(readOnlySnapshot, async (tx) => {
          const pinned = pinSession(tx, defaultTimeouts)
          const rows = await tx.unsafe<T[]>(statement)
          await pinned
          return [rows as readonly T[]] as const
        })
        return answer[0]
      } catch (error) {
        throw onSide('target', classify(error))
      }
    },
  }
}

export function sourceSide(source: Source): Side {
  return {
    // What a statement answers is known to whoever wrote it.
    query: async <T extends object>(statement: string) =>
      (await source.query(statement)) as readonly object[] as readonly T[],
  }
}
