/** An application at work on the source: many sessions, each with transactions as the dice have them. */
import { setTimeout as sleep } from 'node:timers/promises'
import postgres, { type Sql, type TransactionSql } from 'postgres'
import { type Dice, dice } from '../support/dice.ts'

export interface WrittenTable {
  /** `schema.table` with columns id, body, updated_at. */
  readonly name: string
  /** Whether its writers may leave `updated_at` as it is. */
  readonly isSilent: boolean
}

export interface Writers {
  /** Transactions that committed. */
  readonly committed: number
  /** Lets every transaction at work end, and no other begin. */
  stop(): Promise<void>
}

/** Ids that rows have; few, so that keys are met again. */
const IDS = 60
/** A session's clock is so many milliseconds ahead or behind at most. */
const SKEW = 1500

/** Begins to write. @param url the source as its owner */
export function startWriters(
  url: string,
  tables: readonly WrittenTable[],
  chance: Dice,
  sessions = 6,
): Writers {
  const sql = postgres(url, { max: sessions, onnotice: () => undefined })
  const state = { committed: 0, isOver: false }
  const work = Array.from({ length: sessions }, (_, at) => {
    // Sessions take turns as they like, and each shall throw the same in every run.
    const own = dice(chance.between(0, 1_000_000_000))
    const skew = own.between(-SKEW, SKEW)
    return writeOn(sql, tables, own, { skew, isLong: at === 0 }, state)
  })
  return {
    get committed() {
      return state.committed
    },
    async stop() {
      state.isOver = true
      await Promise.all(work)
      await sql.end()
    },
  }
}

interface Session {
  readonly skew: number
  /** Its transactions stay open for seconds. */
  readonly isLong: boolean
}

class Unwanted extends Error {}

async function writeOn(
  sql: Sql,
  tables: readonly WrittenTable[],
  chance: Dice,
  session: Session,
  state: { committed: number; isOver: boolean },
): Promise<void> {
  while (!state.isOver) {
    try {
      await sql.begin(async (tx) => {
        for (let step = chance.between(1, 5); step > 0; step -= 1) {
          await oneStep(tx, chance.pick(tables), chance, session.skew)
          await sleep(session.isLong ? chance.between(100, 600) : chance.between(0, 20))
        }
        if (chance.oneIn(6)) throw new Unwanted('rolled back')
      })
      state.committed += 1
    } catch (error) {
      // Two sessions in each other's way are part of the game.
      const code = error instanceof postgres.PostgresError ? error.code : undefined
      if (!(error instanceof Unwanted) && !['40P01', '23505', '55P03'].includes(code ?? '')) {
        throw error
      }
    }
    await sleep(chance.between(0, 30))
  }
}

async function oneStep(
  tx: TransactionSql,
  table: WrittenTable,
  chance: Dice,
  skew: number,
): Promise<void> {
  if (!chance.oneIn(5)) return change(tx, table, chance, skew)
  try {
    await tx.savepoint(async (inner) => {
      await change(inner, table, chance, skew)
      if (chance.oneIn(2)) throw new Unwanted('back to the savepoint')
    })
  } catch (error) {
    if (!(error instanceof Unwanted)) throw error
  }
}

async function change(
  tx: TransactionSql,
  { name, isSilent }: WrittenTable,
  chance: Dice,
  skew: number,
): Promise<void> {
  const at = tx(name)
  const id = chance.between(1, IDS)
  const other = chance.between(1, IDS)
  const body = `b${chance.between(1, 1_000_000)}`
  const time = tx`now() + ${skew} * interval '1 millisecond'`
  switch (chance.between(1, 6)) {
    case 1:
    case 2:
      await tx`insert into ${at} values (${id}, ${body}, ${time}) on conflict do nothing`
      break
    case 3:
      await tx`update ${at} set body = ${body}, updated_at = ${time} where id between ${id} and ${id + 3}`
      break
    case 4:
      await tx`update ${at} set id = ${other}, updated_at = ${time} where id = ${id}
        and not exists (select from ${at} where id = ${other})`
      break
    case 5:
      await tx`delete from ${at} where id = ${id}`
      if (chance.oneIn(2)) await tx`insert into ${at} values (${id}, ${body}, ${time})`
      break
    default:
      if (isSilent) await tx`update ${at} set body = ${body} where id = ${id}`
      else await tx`update ${at} set body = ${body}, updated_at = ${time} where id = ${id}`
  }
}
