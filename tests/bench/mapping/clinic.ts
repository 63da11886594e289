/** The generated dirty clinic, through the example plan into the example target. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Server } from '../../../scripts/local/index.ts'
import { loadLegacyClinic, sharedData } from '../../support/dump.ts'
import { connect } from '../dataset.ts'

const examples = join(import.meta.dirname, '../../../examples/clinic')

/** Why it cannot run here; undefined where it can. */
export function clinicAbsent(): string | undefined {
  if (sharedData() === undefined) return 'the shared data sets are not beside the project'
  const missing = ['plan.json', 'target.sql'].filter((file) => !existsSync(join(examples, file)))
  return missing.length === 0 ? undefined : `examples/clinic/${missing.join(' and ')} missing`
}

/** @param lanes undefined: what `ferry run` takes by itself */
export function clinicPlan(lanes: number | undefined): object {
  const plan: unknown = JSON.parse(readFileSync(join(examples, 'plan.json'), 'utf8'))
  const { settings = {}, ...rest } = plan as { settings?: { lanes?: number } }
  const { lanes: _written, ...others } = settings
  return { ...rest, settings: { ...others, ...(lanes === undefined ? {} : { lanes }) } }
}

/** Makes the source database where it is missing. @returns its name */
export async function ensureClinic(source: Server, scale: number): Promise<string> {
  const name = `bench_clinic_${String(scale).replace('.', '_')}_1`
  const admin = connect(source, 'postgres')
  try {
    const [found] = await admin`select from pg_database where datname = ${name}`
    if (found) return name
    await admin.unsafe(`drop database if exists ${name}_making with (force)`)
    await admin.unsafe(`create database ${name}_making template template0`)
    await loadLegacyClinic(source.url(`${name}_making`), { scale, dirt: 1 })
    const sql = connect(source, `${name}_making`)
    await sql`vacuum (analyze)`
    await sql.end()
    await admin.unsafe(`alter database ${name}_making rename to ${name}`)
  } finally {
    await admin.end()
  }
  return name
}

/** The tables of the example, into an empty database. */
export async function applyClinicTarget(target: Server, database: string): Promise<void> {
  const sql = connect(target, database)
  try {
    await sql.unsafe(readFileSync(join(examples, 'target.sql'), 'utf8'))
  } finally {
    await sql.end()
  }
}
