/** Every contender in turn, round after round, each into a database made anew. */
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Contender, Contest, Finish } from './contenders/contender.ts'
import { connect } from './dataset.ts'
import { machineSeconds } from './processes.ts'
import { measureUse, type Use } from './use.ts'

export interface Measurement extends Finish, Use {
  readonly contender: string
  readonly league: Contender['league']
  readonly round: number
  readonly failure?: string
}

export interface Rounds {
  readonly contest: Omit<Contest, 'target' | 'scratch'>
  readonly contenders: readonly Contender[]
  readonly rounds: number
  readonly directory: string
  readonly say: (line: string) => void
}

/** Database of the target server. */
export const TARGET = 'bench_target'

export async function runRounds(options: Rounds): Promise<Measurement[]> {
  const scratch = join(options.directory, 'scratch')
  const contest: Contest = { ...options.contest, target: TARGET, scratch }
  const measurements: Measurement[] = []
  for (let round = 1; round <= options.rounds; round += 1) {
    // Another one begins each round, so that none always follows the same neighbour.
    const first = (round - 1) % options.contenders.length
    const order = [...options.contenders.slice(first), ...options.contenders.slice(0, first)]
    for (const contender of order) {
      rmSync(scratch, { recursive: true, force: true })
      mkdirSync(scratch, { recursive: true })
      await renewTarget(contest)
      await contender.prepare?.(contest)
      await settle(contest)
      const measurement = await measureOne(contender, contest, round)
      options.say(lineOf(measurement))
      measurements.push(measurement)
    }
  }
  return measurements
}

/** Makes the target database of a contest anew. */
export async function renewTarget({ servers, target }: Contest): Promise<void> {
  const sql = connect(servers.target, 'postgres')
  try {
    await sql.unsafe(`drop database if exists ${target} with (force)`)
    await sql.unsafe(`create database ${target} template template0`)
  } finally {
    await sql.end()
  }
}

/** Nothing that the one before left to be written is to be charged to the next. */
export async function settle({ servers }: Pick<Contest, 'servers'>): Promise<void> {
  for (const server of [servers.source, servers.target]) {
    const sql = connect(server, 'postgres')
    await sql`checkpoint`
    await sql.end()
  }
  await quiet()
}

/** Waits until others leave the machine alone, at most half a minute. */
async function quiet(): Promise<void> {
  for (let tries = 0; tries < 30; tries += 1) {
    const before = machineSeconds()
    await sleep(1000)
    const after = machineSeconds()
    if ((after.busy - before.busy) / (after.all - before.all) < 0.1) return
  }
}

async function measureOne(
  contender: Contender,
  contest: Contest,
  round: number,
): Promise<Measurement> {
  const { use, result } = await measureUse(contest.servers, async () => {
    try {
      return { finish: await contender.run(contest) }
    } catch (error) {
      return { failure: error instanceof Error ? error.message : String(error) }
    }
  })
  const failure = result.failure ?? (await missingRows(contest))
  return {
    contender: contender.name,
    league: contender.league,
    round,
    ...use,
    ...result.finish,
    ...(failure === undefined ? {} : { failure }),
  }
}

/** A contender that loses rows has not finished, however fast it was. */
async function missingRows({ servers, dataset, target }: Contest): Promise<string | undefined> {
  const sql = connect(servers.target, target)
  try {
    const tables = Array.from({ length: dataset.tables }, (_, number) => `item_${number}`)
    let rows = 0
    for (let at = 0; at < tables.length; at += 100) {
      const counts = tables.slice(at, at + 100).map((name) => `(select count(*) from ${name})`)
      const [row] = await sql.unsafe<{ rows: string }[]>(`select ${counts.join(' + ')} as rows`)
      rows += Number(row?.rows)
    }
    return rows === dataset.rows ? undefined : `${rows} of ${dataset.rows} rows arrived`
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  } finally {
    await sql.end()
  }
}

function lineOf(each: Measurement): string {
  const wall = `${(each.wall_ms / 1000).toFixed(2)} s`
  const noise = `others ${Math.round(each.foreign_cpu_share * 100)} %`
  const phases = Object.entries(each.phases_ms ?? {}).map(
    ([name, ms]) => `${name} ${(ms / 1000).toFixed(2)}`,
  )
  const parts = [each.failure ? `FAILED: ${each.failure}` : wall, ...phases, noise]
  return `round ${each.round}  ${each.contender.padEnd(30)} ${parts.join(', ')}`
}
