/** What following a source's log asks of the control plane: every call is one SQL function. */
import type { Sql, TransactionSql } from 'postgres'
import type { TableName } from '../projection/entity.ts'
import { askAll } from './ask.ts'
import type { Held } from './control.ts'

/** What is known of a log before it is read. */
export interface LogState {
  /** Null: the slot is not made yet. */
  readonly read_through: string | null
  readonly unsettled: string | null
  readonly fingerprint: string | null
  readonly publication: string
  readonly entities: readonly {
    readonly id: string
    readonly source: TableName
    readonly key: readonly string[]
    /** How many of its keys one batch may read again. */
    readonly batch_keys: number
  }[]
}

export interface NewSlot {
  readonly begins: string
  /** A snapshot with transactions that were at work; null where there were none. */
  readonly unsettled: string | null
  readonly fingerprint: string
}

export interface SlotToDrop {
  readonly migration_id: string
  readonly source_secret: string
  readonly slot_name: string
}

/** Binds it to a connection; what a batch records is bound to the transaction that records it. */
export function logControl(sql: Sql | TransactionSql) {
  return {
    async openLog(migrationId: string): Promise<LogState> {
      const [row] = await askAll<{ state: LogState }>(
        sql`select migration.open_log(p_migration_id => ${migrationId}) as state`,
      )
      return row!.state
    },
    /** @throws `fenced` */
    async wantSlot(batch: Held, slotName: string): Promise<void> {
      await askAll(sql`select migration.want_slot(p_migration_id => ${batch.migration_id},
        p_batch_id => ${batch.batch_id}, p_attempt => ${batch.attempt}, p_slot_name => ${slotName})`)
    },
    /** @throws `fenced` */
    async slotMade(batch: Held, slot: NewSlot): Promise<void> {
      await askAll(sql`select migration.slot_made(p_migration_id => ${batch.migration_id},
        p_batch_id => ${batch.batch_id}, p_attempt => ${batch.attempt}, p_slot => ${JSON.stringify(slot)}::text::jsonb)`)
    },
    /** Takes the fence inside an open transaction. @returns server text of the time @throws `fenced` */
    async beginLog(batch: Held): Promise<string> {
      const [row] = await askAll<{ noted_at: string }>(sql`
        select migration.begin_log(p_migration_id => ${batch.migration_id},
          p_batch_id => ${batch.batch_id}, p_attempt => ${batch.attempt})::text as noted_at`)
      return row!.noted_at
    },
    /** Closes a batch of kind log; the caller commits. @throws `fenced` */
    async completeLog(batch: Held, log: object, lastOfCall: boolean): Promise<void> {
      await askAll(sql`select migration.complete_log(p_migration_id => ${batch.migration_id},
        p_batch_id => ${batch.batch_id}, p_attempt => ${batch.attempt}, p_log => ${JSON.stringify(log)}::text::jsonb,
        p_last_of_call => ${lastOfCall})`)
    },
    slotsToDrop(): Promise<readonly SlotToDrop[]> {
      return askAll(
        sql`select migration_id, source_secret, slot_name from migration.slots_to_drop()`,
      )
    },
    async slotDropped(migrationId: string): Promise<void> {
      await askAll(sql`select migration.slot_dropped(p_migration_id => ${migrationId})`)
    },
  }
}
