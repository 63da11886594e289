/**
 * The isolates of all functions: which one takes a request, when a new one is started, when one is retired.
 */
import type { FunctionDefinition } from './functions.ts'
import { Isolate, type IsolateOptions } from './isolate.ts'
import { type EndReason, type IsolateLimits, POLL_MILLISECONDS } from './limits.ts'

export interface PoolOptions extends Omit<IsolateOptions, 'id' | 'definition' | 'environment'> {
  readonly limits: IsolateLimits
  /** Read for every new isolate. */
  readonly environment: () => Readonly<Record<string, string>>
  readonly onStart: (isolate: Isolate) => void
  readonly onEnd: (isolate: Isolate, reason: EndReason) => void
}

export class Pool {
  readonly #options: PoolOptions
  readonly #isolates = new Set<Isolate>()
  readonly #ends: Record<string, number> = {}
  /** Isolates whose process is not there yet, with the names of their functions. */
  readonly #starting = new Map<Promise<Isolate>, string>()
  /** How often all isolates were retired. */
  #generation = 0
  readonly #timer: NodeJS.Timeout
  #waiting: (() => void)[] = []
  #nextId = 0
  #isClosed = false

  constructor(options: PoolOptions) {
    this.#options = options
    this.#timer = setInterval(() => {
      for (const isolate of this.#isolates) void isolate.enforce()
    }, POLL_MILLISECONDS)
  }

  /**
   * An isolate with room for one more task, which is counted at once; the caller ends the request.
   * Undefined where the function failed to boot.
   */
  async acquire(definition: FunctionDefinition): Promise<Isolate | undefined> {
    const { tasksPerIsolate, isolatesPerFunction } = this.#options.limits
    while (!this.#isClosed) {
      const free = findFree(this.#isolates, definition.name, tasksPerIsolate)
      if (free) {
        free.beginRequest()
        return await served(free)
      }
      if (this.#count(definition.name) < isolatesPerFunction)
        return await served(await this.#start(definition, 'taken'))
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
    return undefined
  }

  /** Starts isolates ahead of their first requests; resolves when they serve or have failed to. */
  async warm(definition: FunctionDefinition, count: number): Promise<void> {
    const starts = Array.from({ length: count }, () => this.#start(definition, 'idle'))
    await Promise.all(starts.map(async (start) => (await start).ready))
  }

  living(): readonly Isolate[] {
    return [...this.#isolates].filter((isolate) => !isolate.endReason)
  }

  /** How many isolates ended for each reason. */
  ends(): Readonly<Record<string, number>> {
    return { ...this.#ends }
  }

  /**
   * Lets all isolates finish what they do, those that are being started as well; new requests get new ones.
   * Resolves when the last of them has ended.
   */
  async retireAll(): Promise<void> {
    this.#generation += 1
    const retired = [...this.#isolates]
    for (const isolate of retired) isolate.retire()
    const started = await Promise.allSettled(this.#starting.keys())
    for (const start of started) if (start.status === 'fulfilled') retired.push(start.value)
    await Promise.all(retired.map((isolate) => isolate.ended))
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearInterval(this.#timer)
    for (const isolate of this.#isolates) isolate.kill('shutdown')
    await Promise.all([...this.#isolates].map((isolate) => isolate.ended))
    this.#wake()
  }

  async #start(definition: FunctionDefinition, use: 'taken' | 'idle'): Promise<Isolate> {
    const spawn = this.#spawn(definition, use)
    this.#starting.set(spawn, definition.name)
    try {
      const isolate = await spawn
      if (this.#isClosed) isolate.kill('shutdown')
      return isolate
    } finally {
      this.#starting.delete(spawn)
    }
  }

  async #spawn(definition: FunctionDefinition, use: 'taken' | 'idle'): Promise<Isolate> {
    const options = this.#options
    this.#nextId += 1
    const generation = this.#generation
    const isolate = await Isolate.start(
      { ...options, id: this.#nextId, definition, environment: options.environment() },
      () => this.#wake(),
    )
    // Counted before anybody can see it: the request that starts an isolate gets it.
    if (use === 'taken') isolate.beginRequest()
    this.#isolates.add(isolate)
    if (generation !== this.#generation) isolate.retire()
    options.onStart(isolate)
    void isolate.ended.then((reason) => {
      this.#isolates.delete(isolate)
      this.#ends[reason] = (this.#ends[reason] ?? 0) + 1
      options.onEnd(isolate, reason)
    })
    return isolate
  }

  #count(name: string): number {
    const running = [...this.#isolates].map((isolate) => isolate.function)
    return [...running, ...this.#starting.values()].filter((each) => each === name).length
  }

  #wake(): void {
    const callers = this.#waiting
    this.#waiting = []
    for (const call of callers) call()
  }
}

/** The isolate once it serves; undefined, and its request ended, where it failed to boot. */
async function served(isolate: Isolate): Promise<Isolate | undefined> {
  if (await isolate.ready) return isolate
  isolate.endRequest()
  return undefined
}

/**
 * Among those with room the oldest, so that spare isolates stay idle and can be dropped. One that was
 * started ahead of its first request and still boots is better than a new one.
 */
function findFree(
  isolates: ReadonlySet<Isolate>,
  name: string,
  tasksPerIsolate: number,
): Isolate | undefined {
  const fitting = [...isolates].filter(
    (isolate) =>
      isolate.function === name &&
      !isolate.isRetired &&
      !isolate.endReason &&
      isolate.load < tasksPerIsolate,
  )
  return fitting.find((isolate) => isolate.bootMilliseconds !== undefined) ?? fitting[0]
}
