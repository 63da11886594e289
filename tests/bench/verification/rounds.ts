/** One clone, verified round after round: as it is, with some rows changed, and beside the servers' own checksums. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { ferryRun } from '../contenders/ferry-run.ts'
import { connect, type Dataset, ensureDataset } from '../dataset.ts'
import { type BenchOptions, usualLanes } from '../options.ts'
import { renewTarget, settle, TARGET } from '../rounds.ts'
import type { BenchServers } from '../servers.ts'
import type { Use } from '../use.ts'
import { damage } from './damage.ts'
import { type OwnChecksum, ownChecksum, type Pair } from './own-checksum.ts'
import { type Pass, repairTime, runPass } from './pass.ts'

export interface VerificationRound {
  readonly round: number
  readonly own: OwnChecksum
  /** Nothing differs. */
  readonly clean: Pass
  /** Ten rows differ. */
  readonly damaged: Pass
  /** These ten copied again, and the verification that proves it. */
  readonly repair: Pass & { readonly repair_ms: number }
  /** The same tables without a row: what a pass costs however many rows there are. */
  readonly empty: Pass
}

const repository = join(import.meta.dirname, '../../..')

export async function measureVerification(
  servers: BenchServers,
  options: BenchOptions,
  say: (line: string) => void,
): Promise<VerificationRound[]> {
  const { dataset } = options
  const pair = await clone(servers, options, dataset, TARGET)
  const bare = await clone(servers, options, { ...dataset, rows: 0 }, `${TARGET}_empty`)
  const rounds: VerificationRound[] = []
  for (let round = 1; round <= options.rounds; round += 1) {
    // Another one begins each round, so that none always follows the same neighbour.
    const parts = [
      () => own(pair),
      () => verify(pair),
      () => damageAndRepair(pair),
      () => empty(bare),
    ]
    const first = (round - 1) % parts.length
    let measured: Partial<VerificationRound> = { round }
    for (const part of [...parts.slice(first), ...parts.slice(0, first)]) {
      await settle({ servers })
      measured = { ...measured, ...(await part()) }
    }
    rounds.push(measured as VerificationRound)
    say(lineOf(rounds.at(-1)!))
  }
  return rounds
}

/** All that times of a round are made of, to tell how quiet the machine was. */
export function usesOf({ own, clean, damaged, repair, empty }: VerificationRound): Use[] {
  return [own.planned, own.single, own.together, clean, damaged, repair, empty]
}

/** A target as `ferry run` leaves it, then as autovacuum would: nothing is left to be done beside a pass. */
async function clone(
  servers: BenchServers,
  options: BenchOptions,
  dataset: Dataset,
  target: string,
): Promise<Pair> {
  const scratch = join(options.directory, 'scratch')
  mkdirSync(scratch, { recursive: true })
  const source = await ensureDataset(servers.source, dataset)
  const contest = {
    servers,
    dataset,
    source,
    target,
    scratch,
    lanes: options.lanes ?? usualLanes(),
    areLanesAsked: options.lanes !== undefined,
    jobs: options.jobs,
  }
  await renewTarget(contest)
  await ferryRun(repository).run(contest)
  const sql = connect(servers.target, target)
  try {
    await sql`vacuum (analyze)`
  } finally {
    await sql.end()
  }
  return { servers, dataset, source, target }
}

async function own(pair: Pair): Promise<Pick<VerificationRound, 'own'>> {
  return { own: await ownChecksum(pair) }
}

async function verify(pair: Pair): Promise<Pick<VerificationRound, 'clean'>> {
  return { clean: await runPass(pair, 'verify', []) }
}

async function damageAndRepair(pair: Pair): Promise<Pick<VerificationRound, 'damaged' | 'repair'>> {
  const expected = await damage(pair)
  const damaged = await runPass(pair, 'verify', expected)
  const repair = await runPass(pair, 'repair', [])
  return { damaged, repair: { ...repair, repair_ms: await repairTime(pair) } }
}

async function empty(bare: Pair): Promise<Pick<VerificationRound, 'empty'>> {
  return { empty: await runPass(bare, 'verify', []) }
}

function lineOf(round: VerificationRound): string {
  const { own, clean, damaged, repair, empty } = round
  const seconds = (ms: number) => (ms / 1000).toFixed(2)
  const of = ({ source_ms, target_ms }: OwnChecksum['single']) =>
    `${seconds(source_ms)}/${seconds(target_ms)}`
  const noise = usesOf(round).map((use) => Math.round(use.foreign_cpu_share * 100))
  return [
    `round ${round.round}  own ${of(own.planned)}, one process ${of(own.single)}, together ${of(own.together)}`,
    `rows ${seconds(clean.rows_ms)} of pass ${seconds(clean.pass_ms)}`,
    `with differences ${seconds(damaged.rows_ms)}`,
    `repair ${seconds(repair.repair_ms)}`,
    `main thread ${clean.main_thread_seconds.toFixed(3)}, of an empty pass ${empty.main_thread_seconds.toFixed(3)}`,
    `others ${noise.join(', ')} %`,
  ].join('; ')
}
