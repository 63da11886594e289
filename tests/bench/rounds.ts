/** Every contender in turn, round after round, each into a database made anew. */
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Contender, Contest, Finish } from './contenders/contender.ts'
import { connect } from './dataset.ts'
import { machineSeconds, offspringSeconds, treeSeconds } from './processes.ts'

export interface Measurement extends Finish {
  readonly contender: string
  readonly league: Contender['league']
  readonly round: number
  readonly wall_ms: number
  /** CPU seconds of the two servers, and of everything the contender started. */
  readonly source_cpu_seconds: number
  readonly target_cpu_seconds: number
  readonly client_cpu_seconds: number
  /** Share of the machine's processors that something else used meanwhile: noise. */
  readonly foreign_cpu_share: number
  readonly failure?: string
}

export interface Rounds {
  readonly contest: Omit<Contest, 'target' | 'scratch'>
  readonly contenders: readonly Contender[]
  readonly rounds: number
  readonly directory: string
  readonly say: (line: string) => void
}

const target = 'bench_target'

export async function runRounds(options: Rounds): Promise<Measurement[]> {
  const scratch = join(options.directory, 'scratch')
  const contest: Contest = { ...options.contest, target, scratch }
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

async function renewTarget({ servers }: Contest): Promise<void> {
  const sql = connect(servers.target, 'postgres')
  try {
    await sql.unsafe(`drop database if exists ${target} with (force)`)
    await sql.unsafe(`create database ${target} template template0`)
  } finally {
    await sql.end()
  }
}

/** Nothing that the one before left to be written is to be charged to the next. */
async function settle({ servers }: Contest): Promise<void> {
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
  const { servers } = contest
  const clients = () =>
    offspringSeconds(process.pid) -
    treeSeconds(servers.source.pid) -
    treeSeconds(servers.target.pid)
  const read = () => ({
    source: treeSeconds(servers.source.pid),
    target: treeSeconds(servers.target.pid),
    clients: clients(),
    own: process.cpuUsage(),
    machine: machineSeconds(),
  })
  const before = read()
  const began = performance.now()
  let finish: Finish = {}
  let failure: string | undefined
  try {
    finish = await contender.run(contest)
  } catch (error) {
    failure = error instanceof Error ? error.message : String(error)
  }
  const wall_ms = performance.now() - began
  const after = read()
  failure ??= await missingRows(contest)
  const used = {
    source_cpu_seconds: after.source - before.source,
    target_cpu_seconds: after.target - before.target,
    client_cpu_seconds: after.clients - before.clients,
  }
  const own = process.cpuUsage(before.own)
  const accounted =
    used.source_cpu_seconds +
    used.target_cpu_seconds +
    used.client_cpu_seconds +
    (own.user + own.system) / 1e6
  const busy = after.machine.busy - before.machine.busy
  return {
    contender: contender.name,
    league: contender.league,
    round,
    wall_ms,
    ...used,
    foreign_cpu_share: Math.max(0, busy - accounted) / (after.machine.all - before.machine.all),
    ...finish,
    ...(failure === undefined ? {} : { failure }),
  }
}

/** A contender that loses rows has not finished, however fast it was. */
async function missingRows({ servers, dataset }: Contest): Promise<string | undefined> {
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
