/** `ferry verify` and `ferry repair`, as a shell calls them, and what the target wrote down about the pass. */
import { join } from 'node:path'
import { z } from 'zod'
import { connect } from '../dataset.ts'
import { ferryCommand } from '../ferry-command.ts'
import { peakMebibytes, sumOf } from '../processes.ts'
import { measureUse, type Use } from '../use.ts'
import type { Pair } from './own-checksum.ts'

const repository = join(import.meta.dirname, '../../..')

const Verification = z.looseObject({
  id: z.guid(),
  status: z.string(),
  records_validated: z.number(),
  findings: z.array(
    z.looseObject({
      entity_name: z.string(),
      kind: z.string(),
      row_key: z.array(z.string()).nullable(),
    }),
  ),
})

/** Milliseconds of one pass. */
export interface PassTimes {
  /** From its beginning to its end, as the target wrote both down; boots of functions included. */
  readonly pass_ms: number
  /** From the first claim of rows to the end of the last batch of rows. */
  readonly rows_ms: number
  /** From the beginning of the pass to its first claim: booting, above all. */
  readonly boot_ms: number
  /** The check of the schema, which takes one lane beside the rows. */
  readonly schema_ms: number
  /** Of all batches of rows together: their checksums, and their checks of references. */
  readonly checksum_lane_ms: number
  readonly references_lane_ms: number
  readonly rows_lane_ms: number
  readonly batches: number
}

export interface Pass extends Use, PassTimes {
  /** Of functions, boots left out. */
  readonly main_thread_seconds: number
  readonly cpu_seconds: number
  readonly boot_main_thread_seconds: number
  readonly boot_cpu_seconds: number
  readonly peak_mib: number
  readonly processes: number
  readonly records_validated: number
  /** Entity and key of each finding about a row. */
  readonly found: readonly string[]
}

/** @param expected the findings that have to come out; another result is an error */
export async function runPass(
  pair: Pair,
  action: 'verify' | 'repair',
  expected: readonly string[],
): Promise<Pass> {
  const source = pair.servers.source.url(pair.source)
  const target = pair.servers.target.url(pair.target)
  const args = [action, '--source', source, '--target', target]
  const { use, result } = await measureUse(pair.servers, () =>
    ferryCommand({ tree: repository, args, source, target }),
  )
  const { code, output, lastWords, functions } = result
  if (code !== (expected.length === 0 ? 0 : 1)) {
    throw new Error(`ferry ${action} ended with ${code}: ${lastWords}`)
  }
  const { id, records_validated, findings } = Verification.parse(JSON.parse(output))
  const found = findings.map((each) => `${each.entity_name} ${each.row_key?.join()} ${each.kind}`)
  if (found.toSorted().join('\n') !== expected.toSorted().join('\n')) {
    throw new Error(`ferry ${action} found ${found.join('; ')} instead of ${expected.join('; ')}`)
  }
  const boot_main_thread_seconds = sumOf(functions, (each) => each.boot_main_thread_seconds)
  const boot_cpu_seconds = sumOf(functions, (each) => each.boot_cpu_seconds)
  return {
    ...use,
    ...(await readPass(pair, id)),
    main_thread_seconds:
      sumOf(functions, (each) => each.main_thread_seconds) - boot_main_thread_seconds,
    cpu_seconds: sumOf(functions, (each) => each.cpu_seconds) - boot_cpu_seconds,
    boot_main_thread_seconds,
    boot_cpu_seconds,
    peak_mib: peakMebibytes(functions),
    processes: functions.processes.length,
    records_validated,
    found,
  }
}

async function readPass({ servers, target }: Pair, id: string): Promise<PassTimes> {
  const sql = connect(servers.target, target)
  try {
    const [row] = await sql<PassTimes[]>`
      with batch as (
        select b.check_name = 'rows' as is_rows, b.started_at, b.completed_at,
               extract(epoch from b.completed_at - b.started_at) * 1000 as ms
          from migration.batches b where b.pass_id = ${id}),
      checked as (
        select coalesce(sum(r.execution_duration_ms) filter (where r.check_name = 'checksum'), 0) as checksum,
               coalesce(sum(r.execution_duration_ms) filter (where r.check_name = 'references'), 0) as "references"
          from migration.validation_results r where r.verification_id = ${id})
      select extract(epoch from v.completed_at - v.started_at)::float * 1000 as pass_ms,
             extract(epoch from max(b.completed_at) filter (where b.is_rows)
               - min(b.started_at) filter (where b.is_rows))::float * 1000 as rows_ms,
             extract(epoch from min(b.started_at) - v.started_at)::float * 1000 as boot_ms,
             coalesce(max(b.ms) filter (where not b.is_rows), 0)::float as schema_ms,
             c.checksum::float as checksum_lane_ms,
             c.references::float as references_lane_ms,
             sum(b.ms) filter (where b.is_rows)::float as rows_lane_ms,
             count(*) filter (where b.is_rows)::float as batches
        from migration.verifications v cross join batch b cross join checked c
       where v.id = ${id}
       group by v.started_at, v.completed_at, c.checksum, c.references`
    return row!
  } finally {
    await sql.end()
  }
}

/** Milliseconds of the newest repair alone; the verification that follows it is a pass of its own. */
export async function repairTime({ servers, target }: Pair): Promise<number> {
  const sql = connect(servers.target, target)
  try {
    const [row] = await sql<{ ms: number }[]>`
      select extract(epoch from completed_at - started_at)::float * 1000 as ms
        from migration.verifications where kind = 'repair' order by started_at desc limit 1`
    return row!.ms
  } finally {
    await sql.end()
  }
}
