/**
 * What an isolate may use, in the platform's numbers. An isolate is one Deno process here.
 *
 * - **CPU** is charged from the moment the function's modules are loaded and adds up over the isolate's
 *   life: at `cpuSoftMilliseconds` it takes no new requests, at `cpuHardMilliseconds` it is killed.
 * - **Memory** is what the process has grown by since its runtime started, before the function's modules
 *   were loaded: the runtime itself (about 30 MB of anonymous memory, 80 MB resident) is not charged. V8's
 *   own heap limit is set to the same number and ends the isolate with the same answer.
 * - **Wall clock** counts from when the isolate serves: at half of it no new requests, at the end a kill.
 *
 * Looked at every `POLL_MILLISECONDS`, so a burst may overshoot by what fits into that time.
 */
export interface IsolateLimits {
  readonly memoryMegabytes: number
  readonly cpuSoftMilliseconds: number
  readonly cpuHardMilliseconds: number
  /** 150 s on the free plan; `PAID_WALL_CLOCK` on a paid one. */
  readonly wallClockMilliseconds: number
  /** No answer within this time: 504. */
  readonly answerMilliseconds: number
  /** A function that does not come up within this time has failed to boot. */
  readonly bootMilliseconds: number
  /**
   * Requests plus background tasks that one isolate carries at a time. The platform lets an isolate serve
   * several requests and starts more as it sees fit; one means that every lane has a process of its own,
   * which is the harder case for the engine (no shared memory) and makes kills precise.
   */
  readonly tasksPerIsolate: number
  /** Processes per function; further requests wait for one to become free. */
  readonly isolatesPerFunction: number
}

export const DEFAULT_LIMITS: IsolateLimits = {
  memoryMegabytes: 256,
  cpuSoftMilliseconds: 1000,
  cpuHardMilliseconds: 2000,
  wallClockMilliseconds: 150_000,
  answerMilliseconds: 150_000,
  bootMilliseconds: 10_000,
  tasksPerIsolate: 1,
  isolatesPerFunction: 24,
}

export const PAID_WALL_CLOCK = 400_000
export const POLL_MILLISECONDS = 100
/** `beforeunload` comes at this share of a limit. */
export const UNLOAD_SHARE = 0.9

/**
 * Why an isolate ended: a limit, `early_drop` (retired and idle), `shutdown` (of the gateway), or `crash`
 * (it exited or was killed by somebody else).
 */
export type EndReason = 'wall_clock' | 'cpu' | 'memory' | 'early_drop' | 'shutdown' | 'crash'

/** The ends that the platform answers with 546 WORKER_LIMIT. */
export function isLimit(reason: EndReason): boolean {
  return reason === 'wall_clock' || reason === 'cpu' || reason === 'memory'
}
