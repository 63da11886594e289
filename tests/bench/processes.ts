/** CPU and memory of processes, read from /proc. Seconds and bytes. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'

/** The kernel's USER_HZ: 100 wherever Linux runs. */
const ticksPerSecond = 100

interface Stat {
  readonly parent: number
  /** User and system seconds of the process. */
  readonly own: number
  /** The same of children that have ended and were waited for, theirs included. */
  readonly reaped: number
}

function readStat(pid: number): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    const seconds = (at: number) => (Number(fields[at]) + Number(fields[at + 1])) / ticksPerSecond
    return { parent: Number(fields[1]), own: seconds(11), reaped: seconds(13) }
  } catch {
    return undefined
  }
}

/** Seconds of a process, of its living descendants and of those that have ended. */
export function treeSeconds(pid: number): number {
  const stat = readStat(pid)
  if (!stat) return 0
  return childrenOf(pid).reduce((sum, child) => sum + treeSeconds(child), stat.own + stat.reaped)
}

/** Seconds of everything that a process has started, ended or not. */
export function offspringSeconds(pid: number): number {
  const stat = readStat(pid)
  return stat ? treeSeconds(pid) - stat.own : 0
}

export function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8')
        .split(' ')
        .filter(Boolean)
        .map(Number),
    )
  } catch {
    return []
  }
}

/** Seconds that the machine's processors were busy, and seconds they had; for what others use. */
export function machineSeconds(): { readonly busy: number; readonly all: number } {
  const line = readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? ''
  const ticks = line.split(/\s+/).slice(1, 9).map(Number)
  const all = ticks.reduce((sum, each) => sum + each, 0)
  const idle = (ticks[3] ?? 0) + (ticks[4] ?? 0)
  return { busy: (all - idle) / ticksPerSecond, all: all / ticksPerSecond }
}

export interface FunctionProcess {
  readonly pid: number
  /** Of the thread that runs JavaScript, which is what the platform charges; its boot included. */
  main_thread_seconds: number
  /** Of all threads. */
  cpu_seconds: number
  /** Of both, what was used before it served: to the last look before; what came after is never told too small. */
  boot_main_thread_seconds: number
  boot_cpu_seconds: number
  /** Anonymous memory at its most, in bytes: V8's heap and buffers, without the runtime's binary. */
  peak_bytes: number
}

export interface FunctionsUse {
  readonly processes: readonly FunctionProcess[]
  /** Of everything below the root, all threads. */
  readonly offspring_seconds: number
}

export function sumOf(
  { processes }: FunctionsUse,
  pick: (each: FunctionProcess) => number,
): number {
  return processes.reduce((total, each) => total + pick(each), 0)
}

/** Of the process that needed most. */
export function peakMebibytes({ processes }: FunctionsUse): number {
  return Math.max(0, ...processes.map((each) => each.peak_bytes)) / 2 ** 20
}

/** Milliseconds between two looks; a look takes a millisecond or two of what is measured. */
const LOOK_EVERY = 25
/** While a process boots: what it has used until then is told from what follows. */
const BOOT_LOOK_EVERY = 5

/** Follows the Deno processes below `root` until `stop`. */
export function watchFunctions(root: number) {
  const seen = new Map<number, FunctionProcess>()
  const sockets = new Map<number, string>()
  const serving = new Set<number>()
  let offspring = 0
  const look = () => {
    for (const pid of childrenOf(root)) {
      if (readComm(pid) !== 'deno') continue
      const usage = readFunction(pid)
      const socket = sockets.get(pid) ?? servedSocket(pid)
      sockets.set(pid, socket)
      // Looked at after the usage is read: a boot that ends in between is told too small, not too large.
      if (!serving.has(pid) && existsSync(socket)) serving.add(pid)
      if (usage) seen.set(pid, following(seen.get(pid), usage, serving.has(pid)))
    }
    offspring = Math.max(offspring, offspringSeconds(root))
    timer = setTimeout(look, seen.size > serving.size ? BOOT_LOOK_EVERY : LOOK_EVERY)
  }
  let timer = setTimeout(look, LOOK_EVERY)
  return {
    stop(): FunctionsUse {
      clearTimeout(timer)
      return { processes: [...seen.values()], offspring_seconds: offspring }
    },
  }
}

function following(
  before: FunctionProcess | undefined,
  now: FunctionProcess,
  serves: boolean,
): FunctionProcess {
  const { boot_main_thread_seconds = 0, boot_cpu_seconds = 0, peak_bytes = 0 } = before ?? {}
  const boot = serves
    ? { boot_main_thread_seconds, boot_cpu_seconds }
    : { boot_main_thread_seconds: now.main_thread_seconds, boot_cpu_seconds: now.cpu_seconds }
  return { ...now, ...boot, peak_bytes: Math.max(now.peak_bytes, peak_bytes) }
}

/** Where the process will serve: there once its modules are loaded. Empty where it cannot be read. */
function servedSocket(pid: number): string {
  try {
    const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
    const main = args.findIndex((arg) => arg.endsWith('/runtime/main.ts'))
    return args[main + 2] ?? ''
  } catch {
    return ''
  }
}

function readComm(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
  } catch {
    return ''
  }
}

function readFunction(pid: number): FunctionProcess | undefined {
  const stat = readStat(pid)
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const [nanoseconds] = readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ')
    const anonymous = Number(/^RssAnon:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024
    return {
      pid,
      main_thread_seconds: Number(nanoseconds) / 1e9,
      cpu_seconds: stat?.own ?? 0,
      boot_main_thread_seconds: 0,
      boot_cpu_seconds: 0,
      peak_bytes: anonymous,
    }
  } catch {
    return undefined
  }
}
