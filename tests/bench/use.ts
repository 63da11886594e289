/** What some work costs the machine: time, CPU of both servers and of what it started, and what others took. */
import { machineSeconds, offspringSeconds, treeSeconds } from './processes.ts'
import type { BenchServers } from './servers.ts'

export interface Use {
  readonly wall_ms: number
  /** CPU seconds of the two servers, and of everything that was started for the work. */
  readonly source_cpu_seconds: number
  readonly target_cpu_seconds: number
  readonly client_cpu_seconds: number
  /** Share of the machine's processors that something else used meanwhile: noise. */
  readonly foreign_cpu_share: number
}

/** @throws what the work throws */
export async function measureUse<Result>(
  { source, target }: Pick<BenchServers, 'source' | 'target'>,
  work: () => Promise<Result>,
): Promise<{ readonly use: Use; readonly result: Result }> {
  const read = () => {
    const servers = { source: treeSeconds(source.pid), target: treeSeconds(target.pid) }
    const clients = offspringSeconds(process.pid) - servers.source - servers.target
    return { ...servers, clients, machine: machineSeconds() }
  }
  const own = process.cpuUsage()
  const before = read()
  const began = performance.now()
  const result = await work()
  const wall_ms = performance.now() - began
  const after = read()
  const used = {
    source_cpu_seconds: after.source - before.source,
    target_cpu_seconds: after.target - before.target,
    client_cpu_seconds: after.clients - before.clients,
  }
  const { user, system } = process.cpuUsage(own)
  const accounted =
    used.source_cpu_seconds +
    used.target_cpu_seconds +
    used.client_cpu_seconds +
    (user + system) / 1e6
  const busy = after.machine.busy - before.machine.busy
  const had = Math.max(0.01, after.machine.all - before.machine.all)
  const use = { wall_ms, ...used, foreign_cpu_share: Math.max(0, busy - accounted) / had }
  return { use, result }
}
