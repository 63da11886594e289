/** The project's functions over HTTP, typed. */
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { FerryError } from '../../shared/platform/errors.ts'
import { MigrationReport } from '../report/document.ts'
import {
  Checked,
  type Choice,
  type DeadLetterQuestion,
  DeadLetters,
  Previewed,
  Resolved,
} from './answers.ts'
import { Refusal } from './refusal.ts'
import {
  type Action,
  CutOver,
  Migration,
  type Mode,
  Report,
  Started,
  Steered,
  Swept,
} from './report.ts'

export interface Connection {
  /** Address of the project, e.g. `https://<ref>.supabase.co`. */
  readonly url: string
  /** A secret key, or the access token of a user. */
  readonly key: string
}

export interface Client {
  start(plan: unknown): Promise<Started>
  list(): Promise<Migration[]>
  report(id: string, patience?: Patience): Promise<Report>
  /** Everything that a report shows of a migration. */
  fullReport(id: string): Promise<MigrationReport>
  /** @param mode of a verification; the plan's where absent */
  steer(action: Action, id: string, mode?: Mode): Promise<Steered>
  /** Everything that stands against a plan on both sides. */
  check(plan: unknown): Promise<Checked>
  preview(plan: unknown, entity: string, rows: number, values: boolean): Promise<Previewed>
  deadLetters(id: string, question: DeadLetterQuestion): Promise<DeadLetters>
  /** @param plan a mended one; the migration's own where absent */
  replay(id: string, choice: Choice, plan?: unknown): Promise<Steered>
  resolve(id: string, choice: Choice, notes: string): Promise<Resolved>
  /** One sweep now. */
  sync(id: string, order: SyncOrder): Promise<Swept>
  /** @param plan a mended one; the migration's own where absent */
  resumeSync(id: string, plan?: unknown): Promise<Swept>
  schedule(id: string, order: ScheduleOrder): Promise<Steered>
  cutover(id: string, order: CutoverOrder): Promise<CutOver>
  abortCutover(id: string): Promise<CutOver>
}

type Scope = 'changes' | 'deletes' | 'hash'

export interface SyncOrder {
  readonly scope?: Scope
  readonly allow_deletes?: boolean
  readonly plan?: unknown
}

export interface ScheduleOrder {
  readonly scope: Scope
  readonly schedule?: string
  readonly enabled?: boolean
}

export interface CutoverOrder {
  readonly dry_run?: boolean
  readonly confirm?: string
}

/** How long a question is asked again while the project cannot be reached; asking changes nothing. */
export interface Patience {
  readonly milliseconds: number
  readonly signal?: AbortSignal
  /** Told before each new attempt. */
  waiting?(error: FerryError): void
}

/** Milliseconds; whatever has a plan looks at the whole catalog of the source first. */
const ASK_TIMEOUT = 30_000
const PLAN_TIMEOUT = 150_000
const FIRST_PAUSE = 500
const LONGEST_PAUSE = 5_000

const ProblemShape = z.object({
  code: z.string(),
  message: z.string(),
  hint: z.string(),
  path: z.string().optional(),
})
const Scalar = z.union([z.string(), z.number(), z.boolean(), z.null()])
const ErrorShape = z.object({
  error: ProblemShape.extend({ context: z.record(z.string(), Scalar).optional() }),
  problems: z.array(ProblemShape).optional(),
})

/** @throws FerryError from every method: a `Refusal` with the project's own words, or `unreachable` */
export function openClient(connection: Connection): Client {
  const ask = <T>(schema: z.ZodType<T>, query: string) =>
    call(connection, schema, `status${query}`, { method: 'GET' }, ASK_TIMEOUT)
  const post = <T>(schema: z.ZodType<T>, name: string, body: unknown, timeout: number) =>
    call(connection, schema, name, { method: 'POST', body: JSON.stringify(body) }, timeout)
  return {
    start: (plan) => post(Started, 'start', { plan }, PLAN_TIMEOUT),
    list: () => ask(z.array(Migration), ''),
    report: (id, patience) =>
      patiently(() => ask(Report, `?migration_id=${encodeURIComponent(id)}`), patience),
    fullReport: (id) => ask(MigrationReport, `?migration_id=${encodeURIComponent(id)}&report=full`),
    steer: (action, id, mode) =>
      post(Steered, 'control', { action, migration_id: id, ...(mode && { mode }) }, ASK_TIMEOUT),
    check: (plan) => post(Checked, 'plan', { action: 'check', plan }, PLAN_TIMEOUT),
    preview: (plan, entity, rows, values) =>
      post(Previewed, 'plan', { action: 'preview', plan, entity, rows, values }, PLAN_TIMEOUT),
    deadLetters: (id, question) => ask(DeadLetters, `?${deadLetterQuery(id, question)}`),
    replay: (id, choice, plan) =>
      post(
        Steered,
        'control',
        { action: 'replay', migration_id: id, ...choice, ...(plan === undefined ? {} : { plan }) },
        PLAN_TIMEOUT,
      ),
    resolve: (id, choice, notes) =>
      post(
        Resolved,
        'control',
        { action: 'resolve', migration_id: id, ...choice, notes },
        ASK_TIMEOUT,
      ),
    sync: (id, order) =>
      post(Swept, 'control', { action: 'sync', migration_id: id, ...order }, PLAN_TIMEOUT),
    resumeSync: (id, plan) =>
      post(
        Swept,
        'control',
        { action: 'resume_sync', migration_id: id, ...(plan === undefined ? {} : { plan }) },
        PLAN_TIMEOUT,
      ),
    schedule: (id, order) =>
      post(Steered, 'control', { action: 'schedule', migration_id: id, ...order }, ASK_TIMEOUT),
    cutover: (id, order) =>
      post(CutOver, 'control', { action: 'cutover', migration_id: id, ...order }, ASK_TIMEOUT),
    abortCutover: (id) =>
      post(CutOver, 'control', { action: 'abort_cutover', migration_id: id }, ASK_TIMEOUT),
  }
}

function deadLetterQuery(id: string, { state, limit, ...rest }: DeadLetterQuestion): string {
  const given = Object.entries(rest).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as [string, string]],
  )
  return new URLSearchParams([
    ['migration_id', id],
    ['dead_letters', state],
    ['limit', String(limit)],
    ...given,
  ]).toString()
}

async function call<T>(
  connection: Connection,
  schema: z.ZodType<T>,
  path: string,
  request: { method: string; body?: string },
  timeout: number,
): Promise<T> {
  const { status, text } = await exchange(connection, path, request, timeout)
  const body = parsed(text)
  if (status >= 200 && status < 300) {
    const result = schema.safeParse(body)
    if (result.success) return result.data
    throw unexpected(status)
  }
  const refusal = ErrorShape.safeParse(body)
  if (!refusal.success) throw unexpected(status)
  throw new Refusal(status, refusal.data.error, refusal.data.problems ?? [])
}

async function exchange(
  { url, key }: Connection,
  path: string,
  request: { method: string; body?: string },
  timeout: number,
): Promise<{ status: number; text: string }> {
  // Secret keys are no tokens: in `Authorization` the platform would refuse them.
  const credential = key.startsWith('eyJ') ? { authorization: `Bearer ${key}` } : { apikey: key }
  try {
    const response = await fetch(`${url}/functions/v1/${path}`, {
      ...request,
      headers: { ...credential, accept: 'application/json', 'content-type': 'application/json' },
      // A redirect could carry the key somewhere else.
      redirect: 'error',
      signal: AbortSignal.timeout(timeout),
    })
    return { status: response.status, text: await response.text() }
  } catch (cause) {
    throw new FerryError({
      code: 'unreachable',
      message: `The project at ${url} does not answer.`,
      hint: 'Check the address and the network; "ferry dev" starts a project on this machine.',
      status: 503,
      kind: 'connection_error',
      cause,
    })
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function unexpected(status: number): FerryError {
  return new FerryError({
    code: status === 404 ? 'functions_missing' : 'answer_unexpected',
    message: `The project answered with status ${status} and nothing that ferry understands.`,
    hint: 'Check that the address is that of the project and that its functions are deployed in this version.',
    status: status === 401 || status === 403 ? status : 502,
  })
}

/** Asks again after a lost connection, a server error or a retired isolate, with growing pauses. */
async function patiently<T>(ask: () => Promise<T>, patience?: Patience): Promise<T> {
  const end = performance.now() + (patience?.milliseconds ?? 0)
  for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
    try {
      return await ask()
    } catch (error) {
      const passing = error instanceof FerryError && error.status >= 500
      if (!passing || performance.now() + pause > end) throw error
      patience?.waiting?.(error)
      await sleep(pause, undefined, patience?.signal ? { signal: patience.signal } : {})
    }
  }
}
