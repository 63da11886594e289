/**
 * CPU and memory of a running isolate.
 *
 * Linux: CPU is the time of the process's **main thread** (the thread that runs JavaScript and its event
 * loop; the platform meters the isolate's thread in the same way, garbage-collector and compiler threads
 * excluded), memory is **anonymous** resident memory (V8 heap, buffers, stacks), so that pages of the
 * runtime's 95 MB binary do not count.
 * Elsewhere `ps` gives the time and resident size of the whole process: coarser, and a little stricter.
 */
import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { statFields } from './identity.ts'

export interface Usage {
  readonly cpuMilliseconds: number
  readonly memoryBytes: number
}

const hasProc = existsSync('/proc/self/stat')
/** Linux reports ticks in units of USER_HZ, which is 100 on every supported architecture. */
const MILLISECONDS_PER_TICK = 10

/** Undefined where the process is gone. */
export async function measure(pid: number): Promise<Usage | undefined> {
  return hasProc ? measureProc(pid) : measurePs(pid)
}

function measureProc(pid: number): Usage | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const anonymous = /^RssAnon:\s+(\d+) kB/m.exec(status) ?? /^VmRSS:\s+(\d+) kB/m.exec(status)
    const cpu = mainThreadCpu(pid)
    if (!anonymous || cpu === undefined) return undefined
    return { cpuMilliseconds: cpu, memoryBytes: Number(anonymous[1]) * 1024 }
  } catch {
    return undefined
  }
}

function mainThreadCpu(pid: number): number | undefined {
  try {
    const [nanoseconds] = readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ')
    if (Number(nanoseconds) > 0) return Number(nanoseconds) / 1e6
  } catch {
    // Kernels without scheduler statistics: fall through to ticks of the whole process.
  }
  const fields = statFields(pid)
  if (!fields) return undefined
  return (Number(fields[11]) + Number(fields[12])) * MILLISECONDS_PER_TICK
}

function measurePs(pid: number): Promise<Usage | undefined> {
  return new Promise((resolve) => {
    execFile('ps', ['-o', 'time=,rss=', '-p', String(pid)], (error, output) => {
      const match = /(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+(?:\.\d+)?)\s+(\d+)/.exec(output)
      if (error || !match) return resolve(undefined)
      const [days = 0, hours = 0, minutes = 0, seconds = 0, kilobytes = 0] = match
        .slice(1)
        .map((part) => Number(part ?? 0))
      resolve({
        cpuMilliseconds: (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000,
        memoryBytes: kilobytes * 1024,
      })
    })
  })
}
