/**
 * The Deno `Platform`: everything the engine asks of the machine when it runs as an Edge Function.
 * Only this file and `target.ts` touch Deno; the rest of the edge also runs under Node, for tests.
 */
import process from 'node:process'
import type { ErrorContext } from '../../../shared/platform/errors.ts'
import { failpoints } from '../../../shared/platform/failpoint.ts'
import type { LogLevel, Platform } from '../../../shared/platform/platform.ts'
import { errorFacts } from './facts.ts'

interface EdgeRuntime {
  waitUntil(work: Promise<unknown>): unknown
}

/** The one platform of this isolate. */
export const platform: Platform = {
  env,
  now: () => performance.now(),
  cpu: cpuMeter(),
  log,
  waitUntil,
  onUnload,
  failpoint: failpoints(env('FERRY_FAILPOINTS')),
}

function env(name: string): string | undefined {
  return Deno.env.get(name) || undefined
}

/**
 * CPU of the process in milliseconds. Runtimes that do not implement it answer zeros (and a running
 * isolate has always used some), which must not be mistaken for "nothing used yet".
 */
function cpuMeter(): () => number | undefined {
  const read = () => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1000
  }
  try {
    return read() > 0 ? read : () => undefined
  } catch {
    return () => undefined
  }
}

function log(level: LogLevel, stage: string, fields: ErrorContext): void {
  console[level](JSON.stringify({ level, stage, ...fields }))
}

function waitUntil(work: Promise<unknown>): void {
  // An unhandled rejection would take the isolate down together with its other requests.
  const guarded = work.catch((error: unknown) =>
    log('error', 'background_failed', errorFacts(error)),
  )
  const runtime = (globalThis as { EdgeRuntime?: EdgeRuntime }).EdgeRuntime
  runtime?.waitUntil(guarded)
}

function onUnload(listener: (reason: string) => void): () => void {
  const handle = (event: Event) => {
    const detail = (event as CustomEvent<{ reason?: string } | undefined>).detail
    listener(detail?.reason ?? 'unknown')
  }
  addEventListener('beforeunload', handle)
  return () => removeEventListener('beforeunload', handle)
}
