/** How long the source stands still: the clinic at a scale, about 1 % of its rows changed since the last sweep. */
import { dropDatabase, ensureDatabase, type Server } from '../../../scripts/local/index.ts'
import { eventually } from '../../support/eventually.ts'
import { type ClinicSource, openClinicSource } from '../../sync/clinic-source.ts'
import { right, table } from '../markdown.ts'
import type { BenchOptions } from '../options.ts'
import { type Followed, followSource } from './followed.ts'

/** What `--only` calls it. */
export const CUTOVER = 'cut-over'

export interface CutoverRun {
  readonly rows: number
  /** That the last sweep brought over. */
  readonly drained: number
  readonly downtime_ms: number
  /** By phase. */
  readonly phases_ms: Readonly<Record<string, number>>
}

const LEGACY = 'bench_cutover'
const PATIENCE_MS = 300_000

/** A cut-over happens once: each run moves the clinic anew. */
export async function measureCutover(
  { directory, clinicScale: scale }: Pick<BenchOptions, 'directory' | 'clinicScale'>,
  say: (line: string) => void,
): Promise<CutoverRun> {
  say(`A cut-over of the clinic at ${scale}×, with about 1 % of its rows changed …`)
  let clinic: ClinicSource | undefined
  const make = async (source: Server) => {
    await dropDatabase(source, LEGACY)
    await ensureDatabase(source, LEGACY)
    clinic = await openClinicSource({ url: source.url(LEGACY), scale, dirt: 0 })
    return LEGACY
  }
  const plan = () => ({
    entities: clinic!.entities('timestamp'),
    sync: { cutover: { verification: 'sample' } },
  })
  const followed = await followSource(directory, make, plan)
  try {
    await clinic!.change()
    return await cutOver(followed)
  } finally {
    await clinic?.close()
    await followed.stop()
  }
}

async function cutOver({ id, target }: Followed): Promise<CutoverRun> {
  await target`select migration.cutover(${id}, 'bench', 'followed', false)`
  return eventually(
    async () => {
      const [row] = await target<(CutoverRun & { state: string; code: string | null })[]>`
        select c.state, c.failure_code as code, o.records_processed::int as rows,
               (c.report ->> 'downtime_ms')::float8 as downtime_ms,
               (select jsonb_object_agg(p ->> 'phase', p -> 'duration_ms') from jsonb_array_elements(c.report -> 'phases') p) as phases_ms,
               (select sum((p ->> 'inserted')::int + (p ->> 'updated')::int + (p ->> 'deleted')::int)::int
                  from jsonb_array_elements(c.report -> 'phases') p where p ->> 'phase' = 'draining') as drained
          from migration.cutovers c join migration.orchestrations o on o.id = c.migration_id
         where c.migration_id = ${id} order by c.began_at desc limit 1`
      const { state, code, ...run } = row!
      if (state === 'completed') return run
      throw new Error(`${state} ${code}`)
    },
    { what: 'the end of the cut-over', within: PATIENCE_MS, every: 200 },
  )
}

export function cutoverTables({ rows, downtime_ms, phases_ms }: CutoverRun): string[] {
  const seconds = (milliseconds = 0) => (milliseconds / 1000).toFixed(1)
  const phases = ['sweeping', 'analyzing', 'freezing', 'draining', 'sequences', 'verifying']
  return table(
    [
      { title: `cut-over of the clinic, ${Math.round(rows / 1000)}k rows` },
      ...phases.map((phase) => right(`${phase} (s)`)),
      right('freeze (s)'),
      right('goal'),
    ],
    [
      [
        'about 1 % pending, sample',
        ...phases.map((phase) => seconds(phases_ms[phase])),
        seconds(downtime_ms),
        '10',
      ],
    ],
  )
}
