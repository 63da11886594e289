/**
 * One isolate: one Deno process that serves one function. It is watched, and killed at its limits.
 * States: booting → serving → (retired) → ended. A retired isolate takes no new requests and ends when its
 * work is done or at its limits.
 */
import type { ChildProcess } from 'node:child_process'
import { rmSync } from 'node:fs'
import { Agent } from 'node:http'
import { join } from 'node:path'
import { measure } from '../processes/measure.ts'
import { type Control, type ControlMessage, openControl } from './control.ts'
import { isOutOfMemory, type ProcessOptions, spawnDeno } from './deno-process.ts'
import { type EndReason, type IsolateLimits, UNLOAD_SHARE } from './limits.ts'

/** Milliseconds between `beforeunload` and the end of an idle isolate. */
const EARLY_DROP_GRACE = 50
const BYTES_PER_MEGABYTE = 2 ** 20

export interface IsolateOptions extends ProcessOptions {
  readonly id: number
}

export class Isolate {
  readonly function: string
  /** Milliseconds since the epoch. */
  readonly startedAt = Date.now()
  readonly socketPath: string
  readonly agent = new Agent({ keepAlive: true })
  /** Resolves when it serves, to false where it failed to boot. */
  readonly ready: Promise<boolean>
  readonly ended: Promise<EndReason>
  /** From the start of the process to its first request; undefined while it boots. */
  bootMilliseconds: number | undefined
  cpuMilliseconds = 0
  peakMemoryBytes = 0
  isRetired = false
  endReason: EndReason | undefined

  readonly #limits: IsolateLimits
  readonly #controlPath: string
  readonly #onChange: () => void
  readonly #spawnedAt = performance.now()
  readonly #baseline = { cpuMilliseconds: 0, memoryBytes: 0 }
  #child!: ChildProcess
  #control!: Control
  #settleReady: (isReady: boolean) => void = () => {}
  #settleEnded: (reason: EndReason) => void = () => {}
  #servingSince: number | undefined
  #inFlight = 0
  #pending = 0
  #pendingSequence = -1
  #unloadSent = false

  /** @param onChange called when it may have room for another task, and when it has ended */
  static async start(options: IsolateOptions, onChange: () => void): Promise<Isolate> {
    const isolate = new Isolate(options, onChange)
    isolate.#control = await openControl(isolate.#controlPath, (message) => {
      void isolate.#receive(message)
    })
    isolate.#child = spawnDeno(options, isolate.socketPath, isolate.#controlPath)
    isolate.#watchProcess()
    return isolate
  }

  private constructor(options: IsolateOptions, onChange: () => void) {
    this.function = options.definition.name
    this.socketPath = join(options.socketDirectory, `s${options.id}`)
    this.#controlPath = join(options.socketDirectory, `c${options.id}`)
    this.#limits = options.limits
    this.#onChange = onChange
    this.ready = new Promise((resolve) => {
      this.#settleReady = resolve
    })
    this.ended = new Promise((resolve) => {
      this.#settleEnded = resolve
    })
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** Requests in flight plus background tasks. */
  get load(): number {
    return this.#inFlight + this.#pending
  }

  beginRequest(): void {
    this.#inFlight += 1
  }

  endRequest(): void {
    this.#inFlight -= 1
    this.#onChange()
  }

  /**
   * Takes the count of background tasks. It comes by two ways, with each answer and over the control
   * socket: the number in sequence tells which one is newer.
   */
  notePending(pending: number, sequence: number): void {
    if (!(sequence > this.#pendingSequence)) return
    this.#pendingSequence = sequence
    this.#pending = pending
    this.#onChange()
  }

  /** No new requests; ends at once where nothing is left to do. */
  retire(): void {
    this.isRetired = true
    if (this.endReason || this.load > 0 || this.#servingSince === undefined) return
    this.#unload('early_drop')
    setTimeout(() => this.kill('early_drop'), EARLY_DROP_GRACE)
  }

  kill(reason: EndReason): void {
    if (this.endReason) return
    this.endReason = reason
    this.isRetired = true
    this.#child.kill('SIGKILL')
  }

  /** Measures, and retires or kills as the limits say. */
  async enforce(): Promise<void> {
    if (this.endReason || this.#servingSince === undefined) return
    const usage = await measure(this.pid)
    if (!usage) return
    const memoryBytes = Math.max(0, usage.memoryBytes - this.#baseline.memoryBytes)
    this.cpuMilliseconds = Math.max(0, usage.cpuMilliseconds - this.#baseline.cpuMilliseconds)
    this.peakMemoryBytes = Math.max(this.peakMemoryBytes, memoryBytes)
    const limits = this.#limits
    const age = performance.now() - this.#servingSince
    const shares: readonly (readonly [EndReason, number])[] = [
      ['wall_clock', age / limits.wallClockMilliseconds],
      ['cpu', this.cpuMilliseconds / limits.cpuHardMilliseconds],
      ['memory', memoryBytes / (limits.memoryMegabytes * BYTES_PER_MEGABYTE)],
    ]
    for (const [reason, share] of shares) {
      if (share >= 1) return this.kill(reason)
      if (share >= UNLOAD_SHARE) this.#unload(reason)
    }
    const isSpent = this.cpuMilliseconds >= limits.cpuSoftMilliseconds
    if (this.isRetired || isSpent || age >= limits.wallClockMilliseconds / 2) this.retire()
  }

  #unload(reason: EndReason): void {
    if (this.#unloadSent) return
    this.#unloadSent = true
    this.#control.beforeUnload(reason)
  }

  async #receive(message: ControlMessage): Promise<void> {
    switch (message.type) {
      case 'hello':
        this.#baseline.memoryBytes = (await measure(this.pid))?.memoryBytes ?? 0
        return
      case 'ready':
        this.#baseline.cpuMilliseconds = (await measure(this.pid))?.cpuMilliseconds ?? 0
        this.#servingSince = performance.now()
        this.bootMilliseconds = this.#servingSince - this.#spawnedAt
        this.#settleReady(true)
        return
      case 'pending':
        this.notePending(message.pending, message.sequence)
        return
      default:
        message satisfies never
    }
  }

  #watchProcess(): void {
    const child = this.#child
    const bootTimer = setTimeout(() => child.kill('SIGKILL'), this.#limits.bootMilliseconds)
    void this.ready.then(() => clearTimeout(bootTimer))
    const end = (reason: EndReason) => {
      this.endReason ??= reason
      this.isRetired = true
      this.#control.close()
      this.agent.destroy()
      for (const path of [this.socketPath, this.#controlPath]) rmSync(path, { force: true })
      this.#settleReady(false)
      this.#settleEnded(this.endReason)
      this.#onChange()
    }
    child.once('error', () => end('crash'))
    child.once('exit', (code, signal) => end(isOutOfMemory(code, signal) ? 'memory' : 'crash'))
  }
}
