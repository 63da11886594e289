/** Serves a project's functions: keys, secrets, log, gateway and isolates, kept in one directory. */
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FerryError } from '../../../shared/platform/errors.ts'
import { freePort } from '../processes/free-port.ts'
import { denoBinary } from './deno.ts'
import { type FunctionLine, openFunctionLog } from './function-log.ts'
import { startGateway } from './gateway.ts'
import type { Isolate } from './isolate.ts'
import { loadKeys, type ProjectKeys, publicKeySet } from './keys.ts'
import { DEFAULT_LIMITS, type IsolateLimits } from './limits.ts'
import { recall, remember, SOCKET_PREFIX } from './memory.ts'
import { endOrphans, forgetIsolate, noteIsolate } from './orphans.ts'

export interface HostOptions {
  /** For this project: keys, log, port. */
  readonly directory: string
  /** For all projects: Deno's compiled modules. */
  readonly cacheDirectory: string
  readonly databaseUrl: string
  readonly functionsDirectory: string
  readonly configFile: string
  readonly secrets: Readonly<Record<string, string>>
  readonly limits: Partial<IsolateLimits>
  readonly deno: 'deno' | 'deno-floor'
  readonly log: (line: string) => void
  readonly onFunctionLine?: (line: FunctionLine) => void
  /** An isolate ended otherwise than by being dropped when idle or by the end of the host. */
  readonly onIsolateDeath?: () => void
}

export interface IsolateReport {
  readonly pid: number
  readonly function: string
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  readonly bootMilliseconds: number | undefined
  readonly cpuMilliseconds: number
  readonly peakMemoryBytes: number
  /** Why it ended; undefined while it lives. */
  readonly end: string | undefined
}

export interface FunctionHost {
  readonly url: string
  readonly keys: ProjectKeys
  /** @throws FerryError `secret_reserved` */
  setSecret(name: string, value: string): Promise<void>
  /** Starts isolates of a function ahead of their first requests. */
  warm(name: string, count: number): Promise<void>
  living(): readonly Isolate[]
  reports(): readonly IsolateReport[]
  invocations(): number
  ends(): Readonly<Record<string, number>>
  lines(): readonly FunctionLine[]
  close(): Promise<void>
}

/** Isolates that are reported on, the last so many: a project in the foreground runs for days. */
const KEPT_REPORTS = 500

/** @throws FerryError `config_invalid`, `platform_unsupported`, `secret_reserved` */
export async function openFunctionHost(options: HostOptions): Promise<FunctionHost> {
  const { directory, log } = options
  const orphanDirectory = join(directory, 'isolates')
  const memoryFile = join(directory, 'gateway.json')
  const secrets = new Map<string, string>()
  for (const [name, value] of Object.entries(options.secrets)) addSecret(secrets, name, value)
  endOrphans(orphanDirectory)
  const keys = await loadKeys(join(directory, 'keys.json'))
  const port = await freePort(recall(memoryFile).port)
  const url = `http://127.0.0.1:${port}`
  const socketDirectory = mkdtempSync(join(tmpdir(), SOCKET_PREFIX))
  remember(memoryFile, { port, socketDirectory })
  const functionLog = openFunctionLog(join(directory, 'functions.log'), options.onFunctionLine)
  const isolates: Isolate[] = []
  const gateway = await startGateway({
    port,
    keys,
    functionsDirectory: options.functionsDirectory,
    configFile: options.configFile,
    deno: denoBinary(options.deno),
    cacheDirectory: options.cacheDirectory,
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    socketDirectory,
    log: functionLog,
    environment: () => environmentOf(secrets, url, options.databaseUrl, keys),
    onStart: (isolate) => {
      noteIsolate(orphanDirectory, isolate.pid)
      isolates.push(isolate)
      if (isolates.length > KEPT_REPORTS) isolates.shift()
    },
    onEnd: (isolate, reason) => {
      forgetIsolate(orphanDirectory, isolate.pid)
      if (reason !== 'early_drop' && reason !== 'shutdown') {
        log(`${isolate.function}: isolate ${isolate.pid} ended: ${reason}`)
        options.onIsolateDeath?.()
      }
    },
  })
  return {
    url,
    keys,
    setSecret: (name, value) => {
      addSecret(secrets, name, value)
      return gateway.pool.retireAll()
    },
    warm: gateway.warm,
    living: () => gateway.pool.living(),
    reports: () => isolates.map(reportOf),
    invocations: gateway.invocations,
    ends: () => gateway.pool.ends(),
    lines: functionLog.lines,
    close: async () => {
      await gateway.close()
      await functionLog.close()
      remember(memoryFile, { port })
    },
  }
}

function environmentOf(
  secrets: ReadonlyMap<string, string>,
  url: string,
  databaseUrl: string,
  keys: ProjectKeys,
): Record<string, string> {
  return {
    ...Object.fromEntries(secrets),
    SUPABASE_URL: url,
    SUPABASE_DB_URL: databaseUrl,
    SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ default: keys.publishable }),
    SUPABASE_SECRET_KEYS: JSON.stringify({ default: keys.secret }),
    SUPABASE_JWKS: JSON.stringify(publicKeySet(keys)),
  }
}

function addSecret(secrets: Map<string, string>, name: string, value: string): void {
  if (name.startsWith('SUPABASE_')) {
    throw new FerryError({
      code: 'secret_reserved',
      message: 'The names of secrets do not begin with SUPABASE_: the platform sets those.',
      hint: 'Choose another name.',
      status: 400,
      context: { name },
    })
  }
  secrets.set(name, value)
}

function reportOf(isolate: Isolate): IsolateReport {
  return {
    pid: isolate.pid,
    function: isolate.function,
    startedAt: isolate.startedAt,
    bootMilliseconds: isolate.bootMilliseconds,
    cpuMilliseconds: isolate.cpuMilliseconds,
    peakMemoryBytes: isolate.peakMemoryBytes,
    end: isolate.endReason,
  }
}
