/**
 * The isolates of all functions: which one takes a request, when a new one is started, when one is retired.
 */
import type { FunctionDefinition } from './functions.ts'
import { Isolate, type IsolateOptions } from './isolate.ts'
import { type EndReason, type IsolateLimits, POLL_MILLISECONDS } from './limits.ts'

export interface Pool {
  /**
   * An isolate with room for one more task, which is counted at once; the caller ends the request.
   * Undefined where the function failed to boot.
   */
  acquire(definition: FunctionDefinition): Promise<Isolate | undefined>
  living(): readonly Isolate[]
  /** How many isolates ended for each reason. */
  ends(): Readonly<Record<string, number>>
  /** Lets all isolates finish what they do; new requests get new ones. */
  retireAll(): void
  close(): Promise<void>
}

export interface PoolOptions extends Omit<IsolateOptions, 'id' | 'definition' | 'environment'> {
  readonly limits: IsolateLimits
  /** Read for every new isolate. */
  readonly environment: () => Readonly<Record<string, string>>
  readonly onStart: (isolate: Isolate) => void
  readonly onEnd: (isolate: Isolate, reason: EndReason) => void
}

export function createPool(options: PoolOptions): Pool {
  const { limits } = options
  const isolates = new Set<Isolate>()
  const ends: Record<string, number> = {}
  const starting = new Map<string, number>()
  let waiting: (() => void)[] = []
  let nextId = 0
  let isClosed = false

  const wake = () => {
    const callers = waiting
    waiting = []
    for (const call of callers) call()
  }
  const start = async (definition: FunctionDefinition): Promise<Isolate> => {
    nextId += 1
    const isolate = await Isolate.start(
      { ...options, id: nextId, definition, environment: options.environment() },
      wake,
    )
    isolates.add(isolate)
    options.onStart(isolate)
    void isolate.ended.then((reason) => {
      isolates.delete(isolate)
      ends[reason] = (ends[reason] ?? 0) + 1
      options.onEnd(isolate, reason)
    })
    return isolate
  }
  const count = (name: string) =>
    (starting.get(name) ?? 0) + [...isolates].filter((isolate) => isolate.function === name).length

  const acquire = async (definition: FunctionDefinition): Promise<Isolate | undefined> => {
    while (!isClosed) {
      const free = findFree(isolates, definition.name, limits.tasksPerIsolate)
      if (free) {
        free.beginRequest()
        return free
      }
      if (count(definition.name) < limits.isolatesPerFunction) {
        return await startFor(definition)
      }
      await new Promise<void>((resolve) => waiting.push(resolve))
    }
    return undefined
  }
  /** The request that starts an isolate gets it. */
  const startFor = async (definition: FunctionDefinition): Promise<Isolate | undefined> => {
    const { name } = definition
    starting.set(name, (starting.get(name) ?? 0) + 1)
    let isolate: Isolate
    try {
      isolate = await start(definition)
      isolate.beginRequest()
    } finally {
      starting.set(name, (starting.get(name) ?? 1) - 1)
    }
    if (isClosed) isolate.kill('shutdown')
    if (await isolate.ready) return isolate
    isolate.endRequest()
    return undefined
  }

  const timer = setInterval(() => {
    for (const isolate of isolates) void isolate.enforce()
  }, POLL_MILLISECONDS)
  return {
    acquire,
    living: () => [...isolates].filter((isolate) => !isolate.endReason),
    ends: () => ends,
    retireAll: () => {
      for (const isolate of isolates) isolate.retire()
    },
    close: async () => {
      isClosed = true
      clearInterval(timer)
      for (const isolate of isolates) isolate.kill('shutdown')
      await Promise.all([...isolates].map((isolate) => isolate.ended))
      wake()
    },
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
