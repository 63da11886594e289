/** The parts of the bench of mappings, round after round. */
import { join } from 'node:path'
import { ensureDataset } from '../dataset.ts'
import { type BenchOptions, isWanted } from '../options.ts'
import { renewTarget, settle, TARGET } from '../rounds.ts'
import type { BenchServers } from '../servers.ts'
import { measureUse, type Use } from '../use.ts'
import { type ByHandTimes, byHandAbsent, requireMixedPair, runByHand, SYSTEM } from './by-hand.ts'
import { applyClinicTarget, clinicAbsent, clinicPlan, ensureClinic } from './clinic.ts'
import { type MappedRun, rowsPerSecond, runMapped, wallWithoutVerification } from './ferry.ts'
import { type Profile, profileAbsent, profiled } from './profile.ts'
import { byHandDigests, type Digests, ferryDigests, requireSame } from './same-rows.ts'

export interface ByHandRun extends Use {
  readonly times: ByHandTimes
}

export interface MappingMeasurements {
  readonly by_hand: readonly ByHandRun[]
  readonly clones: readonly MappedRun[]
  readonly clinics: readonly MappedRun[]
  /** By settings.batch_rows. */
  readonly memory: readonly { readonly batch_rows: number; readonly run: MappedRun }[]
  readonly profiles: Readonly<Record<'clone' | 'clinic', Profile | undefined>>
}

/** The smallest first batch that anybody would ask for, and one larger than a batch ever gets by itself. */
const BATCH_ROWS = [2_000, 200_000] as const

type Scene = {
  readonly servers: BenchServers
  readonly options: BenchOptions
  readonly say: (line: string) => void
}

/** Parts are chosen by `--only`: by hand, clone, clinic, memory, profile. */
export async function measureMapping(
  servers: BenchServers,
  options: BenchOptions,
  say: (line: string) => void,
): Promise<MappingMeasurements> {
  const scene = { servers, options, say }
  const wants = (part: string, absent: string | undefined) => {
    if (!isWanted(options, part)) return false
    if (absent !== undefined) say(`left out: ${part}: ${absent}`)
    return absent === undefined
  }
  const parts = {
    byHand: wants('by hand', await byHandAbsent(servers)),
    clone: wants('clone', undefined),
    clinic: wants('clinic', clinicAbsent()),
  }
  const by_hand: ByHandRun[] = []
  const clones: MappedRun[] = []
  const clinics: MappedRun[] = []
  for (let round = 1; round <= options.rounds; round += 1) {
    let expected: Digests | undefined
    if (parts.byHand) {
      by_hand.push(await measureByHand(scene))
      expected = await byHandDigests(servers.target, TARGET)
    }
    if (parts.clone) {
      clones.push(await measureClone(scene))
      if (expected) requireSame(expected, await ferryDigests(servers.target, TARGET))
    }
    if (parts.clinic) clinics.push(await measureClinic(scene))
  }
  const memory: { batch_rows: number; run: MappedRun }[] = []
  if (wants('memory', undefined)) {
    for (const batch_rows of BATCH_ROWS) {
      memory.push({ batch_rows, run: await measureClone(scene, { batch_rows }) })
    }
  }
  const isProfiled = wants('profile', profileAbsent(options.release))
  const profile = (run: (scene: Scene) => Promise<MappedRun>) =>
    profiled(servers.target, TARGET, () => run(scene))
  const profiles = {
    clone: isProfiled && parts.clone ? await profile(measureClone) : undefined,
    clinic: isProfiled && parts.clinic ? await profile(measureClinic) : undefined,
  }
  return { by_hand, clones, clinics, memory, profiles }
}

/** All that was timed, to tell how quiet the machine was. */
export function usesOf({ by_hand, clones, clinics, memory }: MappingMeasurements): Use[] {
  return [...by_hand, ...clones, ...clinics, ...memory.map(({ run }) => run)]
}

async function measureByHand(scene: Scene): Promise<ByHandRun> {
  const { servers, options, say } = scene
  requireMixedPair(options.dataset)
  const database = await ensureDataset(servers.source, options.dataset)
  await beginAnew(scene, database)
  const { use, result: times } = await measureUse(servers, () =>
    runByHand(servers, TARGET, { port: servers.source.port, database }),
  )
  const parts = Object.entries(times).map(([name, ms]) => `${name} ${(ms / 1000).toFixed(2)}`)
  say(`by hand  ${(use.wall_ms / 1000).toFixed(2)} s, ${parts.join(', ')}, ${noiseOf(use)}`)
  return { ...use, times }
}

async function measureClone(
  scene: Scene,
  settings: { readonly batch_rows?: number } = {},
): Promise<MappedRun> {
  const { servers, options } = scene
  const { lanes } = options
  const database = await ensureDataset(servers.source, options.dataset)
  await beginAnew(scene, database)
  const plan = {
    version: 1,
    name: 'bench',
    source: { secret: 'LEGACY_DATABASE_URL', system: SYSTEM },
    ids: 'uuid',
    entities: '*',
    settings: { ...(lanes === undefined ? {} : { lanes }), ...settings },
  }
  return measureFerry(
    scene,
    settings.batch_rows ? `clone, ${settings.batch_rows}` : 'clone',
    database,
    plan,
  )
}

async function measureClinic(scene: Scene): Promise<MappedRun> {
  const { servers, options } = scene
  const database = await ensureClinic(servers.source, options.clinicScale)
  await beginAnew(scene, database)
  await applyClinicTarget(servers.target, TARGET)
  return measureFerry(scene, 'clinic', database, clinicPlan(options.lanes))
}

async function measureFerry(
  { servers, options, say }: Scene,
  name: string,
  source: string,
  plan: object,
): Promise<MappedRun> {
  const { jobs, directory } = options
  const run = await runMapped({
    servers,
    source,
    target: TARGET,
    plan,
    jobs,
    directory: join(directory, 'scratch'),
  })
  const seconds = (ms: number) => (ms / 1000).toFixed(2)
  const phases = [run.copy_ms, run.finish_ms, run.verify_ms].map(seconds).join(' + ')
  say(
    [
      `${name}  ${seconds(wallWithoutVerification(run))} s without verification`,
      `copy + finish + verify ${phases}`,
      `${Math.round(rowsPerSecond(run))} rows/s`,
      `refused ${run.rows_refused}`,
      `peak ${run.function_peak_mib.toFixed(0)} MiB`,
      noiseOf(run),
    ].join(', '),
  )
  return run
}

async function beginAnew({ servers, options }: Scene, source: string): Promise<void> {
  const { dataset, jobs, directory } = options
  const contest = {
    servers,
    dataset,
    source,
    target: TARGET,
    jobs,
    lanes: 0,
    areLanesAsked: false,
    scratch: directory,
  }
  await renewTarget(contest)
  await settle({ servers })
}

function noiseOf({ foreign_cpu_share }: Use): string {
  return `others ${Math.round(foreign_cpu_share * 100)} %`
}
