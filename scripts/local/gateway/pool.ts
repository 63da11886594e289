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
  /** Isolates whose process is not there yet, by function. */
  readonly #starting = new Map<string, number>()
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
        return free
      }
      if (this.#count(definition.name) < isolatesPerFunction)
        return await this.#startFor(definition)
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
    return undefined
  }

  living(): readonly Isolate[] {
    return [...this.#isolates].filter((isolate) => !isolate.endReason)
  }

  /** How many isolates ended for each reason. */
  ends(): Readonly<Record<string, number>> {
    return { ...this.#ends }
  }

  /** Lets all isolates finish what they do; new requests get new ones. */
  retireAll(): void {
    for (const isolate of this.#isolates) isolate.retire()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearInterval(this.#timer)
    for (const isolate of this.#isolates) isolate.kill('shutdown')
    await Promise.all([...this.#isolates].map((isolate) => isolate.ended))
    this.#wake()
  }

  /** The request that starts an isolate gets it. */
  async #startFor(definition: FunctionDefinition): Promise<Isolate | undefined> {
    const { name } = definition
    this.#starting.set(name, (this.#starting.get(name) ?? 0) + 1)
    let isolate: Isolate
    try {
      isolate = await this.#start(definition)
      isolate.beginRequest()
    } finally {
      this.#starting.set(name, (this.#starting.get(name) ?? 1) - 1)
    }
    if (this.#isClosed) isolate.kill('shutdown')
    if (await isolate.ready) return isolate
    isolate.endRequest()
    return undefined
  }

  async #start(definition: FunctionDefinition): Promise<Isolate> {
    const options = this.#options
    this.#nextId += 1
    const isolate = await Isolate.start(
      { ...options, id: this.#nextId, definition, environment: options.environment() },
      () => this.#wake(),
    )
    this.#isolates.add(isolate)
    options.onStart(isolate)
    void isolate.ended.then((reason) => {
      this.#isolates.delete(isolate)
      this.#ends[reason] = (this.#ends[reason] ?? 0) + 1
      options.onEnd(isolate, reason)
    })
    return isolate
  }

  #count(name: string): number {
    const running = [...this.#isolates].filter((isolate) => isolate.function === name)
    return running.length + (this.#starting.get(name) ?? 0)
  }

  #wake(): void {
    const callers = this.#waiting
    this.#waiting = []
    for (const call of callers) call()
  }
}

/** Among those with room the oldest, so that spare isolates stay idle and can be dropped. */
function findFree(
  isolates: ReadonlySet<Isolate>,
  name: string,
  tasksPerIsolate: number,
): Isolate | undefined {
  for (const isolate of isolates) {
    const fits = isolate.function === name && !isolate.isRetired && !isolate.endReason
    if (fits && isolate.bootMilliseconds !== undefined && isolate.load < tasksPerIsolate) {
      return isolate
    }
  }
  return undefined
}
