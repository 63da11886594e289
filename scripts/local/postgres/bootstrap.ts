/** The bootstrap SQL: one concern a file, in the order of their names, one transaction a folder. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type postgres from 'postgres'

export type BootstrapStage = 'cluster' | 'legacy' | 'database' | 'settings'

const directory = join(dirname(fileURLToPath(import.meta.url)), 'bootstrap')

/** Runs every file of a stage in one transaction: all or nothing. */
export async function runBootstrap(sql: postgres.Sql, stage: BootstrapStage): Promise<void> {
  const folder = join(directory, stage)
  const files = readdirSync(folder)
    .filter((name) => name.endsWith('.sql'))
    .sort()
  await sql.begin(async (tx) => {
    for (const file of files) await tx.unsafe(readFileSync(join(folder, file), 'utf8')).simple()
  })
}
