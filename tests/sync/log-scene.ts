/** Migrations that follow the log of their source: a role that may, a publication, a look at the slot. */
import postgres from 'postgres'
import type { Told } from '../mapping/mapped-scene.ts'
import { type SyncScene, syncScene } from './scene.ts'

export interface LogScene extends SyncScene {
  /** Publishes the schema's tables and follows them by their log. */
  followLog(told: Told & { readonly sync?: object }): Promise<string>
  /** Null where it is not there. */
  slot(id: string): Promise<{ name: string; confirmed: string } | null>
  readThrough(id: string): Promise<string | null>
  /** Why entities are compared row by row: the newest reason, by table. */
  overruns(id: string): Promise<Record<string, string>>
}

const role = 'legacy_streamer'

/**
 * Call it at the top level of a test file. The source's server is the file's own: a slot cannot be made before
 * everything that was at work on its server has ended, in other databases, too.
 */
export async function logScene(): Promise<LogScene> {
  const scene = await syncScene({ role, ownServers: true })
  await streamerRole(scene.sourceUrl)
  const { source, target } = scene
  return {
    ...scene,
    followLog: ({ sync = {}, source: statements = '', ...told }) =>
      scene.follow({
        ...told,
        source: `${statements}; create publication ${told.name}_pub for tables in schema ${told.name}`,
        sync: { strategy: 'log', publication: `${told.name}_pub`, ...sync },
      }),
    async slot(id) {
      const [slot] = await source<{ name: string; confirmed: string }[]>`
        select slot_name as name, confirmed_flush_lsn::text as confirmed from pg_replication_slots
         where slot_name = ${slotOf(id)}`
      return slot ?? null
    },
    async readThrough(id) {
      const [row] = await target<{ lsn: string | null }[]>`
        select read_through::text as lsn from migration.source_slots where migration_id = ${id}`
      return row?.lsn ?? null
    },
    async overruns(id) {
      const rows = await target<{ entity: string; reason: string }[]>`
        select split_part(e.entity_name, '.', 2) as entity, o.reason from migration.log_overruns o
          join migration.entity_statuses e on e.id = o.entity_status_id where o.migration_id = ${id}`
      return Object.fromEntries(rows.map(({ entity, reason }) => [entity, reason]))
    },
  }
}

export function slotOf(id: string): string {
  return `supaferry_${id.replaceAll('-', '')}`
}

/** Makes the role that may follow the log of a server. @returns its name */
export async function streamerRole(address: string): Promise<string> {
  const sql = postgres(address, { max: 1, onnotice: () => undefined })
  try {
    await sql.unsafe(`create role ${role} login replication bypassrls password 'postgres';
      grant pg_read_all_data to ${role}`)
  } finally {
    await sql.end()
  }
  return role
}
