/**
 * How long one call may go on. A platform call has 2 s of CPU and, because an isolate may be handed
 * over at half of its wall clock, only about 75 s for certain; it stops well before both. A machine
 * without these limits (`ferry run`) says so by FERRY_CALL_WALL_MS and FERRY_CALL_CPU_MS.
 */
import type { Platform } from '../platform/platform.ts'

const platformWallMs = 45_000
const platformCpuMs = 1_000
/** Where CPU cannot be measured: cost of one row and of one byte, in milliseconds. */
const cpuPerRow = 0.0006
const cpuPerByte = 0.000_001

export interface Budget {
  /** Adds what a batch moved. */
  spend(rows: number, bytes: number): void
  /** Whether another batch as dear as the dearest so far would still fit. */
  allowsAnother(): boolean
  /** Ends the call after the batch at work: the isolate is about to be retired. */
  stop(): void
}

/** Starts counting now. */
export function openBudget(platform: Platform): Budget {
  const wallMs = Number(platform.env('FERRY_CALL_WALL_MS') ?? platformWallMs)
  const cpuMs = Number(platform.env('FERRY_CALL_CPU_MS') ?? platformCpuMs)
  const startedAt = platform.now()
  const cpuBefore = platform.cpu()
  let estimated = 0
  let stopped = false
  let batchStartedAt = startedAt
  let cpuAtBatch = 0
  let dearestMs = 0
  let dearestCpu = 0
  const cpuUsed = () => {
    const now = platform.cpu()
    return now === undefined || cpuBefore === undefined ? estimated : now - cpuBefore
  }
  return {
    spend(rows, bytes) {
      estimated += rows * cpuPerRow + bytes * cpuPerByte
      dearestMs = Math.max(dearestMs, platform.now() - batchStartedAt)
      dearestCpu = Math.max(dearestCpu, cpuUsed() - cpuAtBatch)
      batchStartedAt = platform.now()
      cpuAtBatch = cpuUsed()
    },
    allowsAnother() {
      return (
        !stopped &&
        platform.now() - startedAt + dearestMs < wallMs &&
        cpuUsed() + dearestCpu < cpuMs
      )
    },
    stop() {
      stopped = true
    },
  }
}
