/** Reads a JSON body that a stranger sent: bounded in size and time, then validated. */
import type { z } from 'zod'
import { FerryError } from '../../../shared/platform/errors.ts'
import { validated } from './problems.ts'

/** Bytes; a plan for hundreds of tables is a few dozen KiB. */
export const BODY_LIMIT = 1024 * 1024

/** Milliseconds for the whole body: a client that drips bytes must not hold a request open. */
const BODY_TIMEOUT = 10_000

export interface BodyLimits {
  readonly bytes?: number
  readonly milliseconds?: number
}

/**
 * The body of `request`, parsed and validated by `schema`.
 * @throws FerryError `body_not_json` 415, `body_too_large` 413, `body_timeout` 408,
 * `body_malformed` 400, `request_invalid` 400 (see `validated`)
 */
export async function readBody<T>(
  request: Request,
  schema: z.ZodType<T>,
  limits: BodyLimits = {},
): Promise<T> {
  requireJson(request)
  const bytes = await readBounded(request, limits.bytes ?? BODY_LIMIT, limits.milliseconds)
  return validated(schema, parse(bytes))
}

function requireJson(request: Request): void {
  const type = (request.headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
  const encoding = request.headers.get('content-encoding') ?? 'identity'
  if (/^application\/([\w.-]+\+)?json$/.test(type) && encoding === 'identity') return
  throw new FerryError({
    code: 'body_not_json',
    message: 'The body of the request is not declared as plain JSON.',
    hint: 'Send the header "content-type: application/json" and no content-encoding.',
    status: 415,
    kind: 'data_validation',
  })
}

/** Counts what arrives; a declared length is only good for refusing early. */
async function readBounded(
  request: Request,
  limit: number,
  milliseconds = BODY_TIMEOUT,
): Promise<Uint8Array> {
  if (Number(request.headers.get('content-length') ?? 0) > limit) throw tooLarge(limit)
  const reader = request.body?.getReader()
  if (reader === undefined) return new Uint8Array()
  const { promise: expired, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(timedOut(milliseconds)), milliseconds)
  try {
    return await Promise.race([collect(reader, limit), expired])
  } catch (error) {
    // Not awaited: a client that stopped sending may also never acknowledge the cancellation.
    reader.cancel().catch(() => undefined)
    throw error instanceof FerryError ? error : malformed(error)
  } finally {
    clearTimeout(timer)
  }
}

async function collect(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  limit: number,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    size += value.byteLength
    if (size > limit) throw tooLarge(limit)
    chunks.push(value)
  }
  const bytes = new Uint8Array(size)
  let offset = 0
  for (const chunk of chunks) {
    bytes.set(chunk, offset)
    offset += chunk.byteLength
  }
  return bytes
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    throw malformed(error)
  }
}

function tooLarge(limit: number): FerryError {
  return new FerryError({
    code: 'body_too_large',
    message: `The body of the request is larger than ${limit} bytes.`,
    hint: 'Select tables by "include" and "exclude" instead of naming each one.',
    status: 413,
    kind: 'data_validation',
    context: { limit_bytes: limit },
  })
}

function timedOut(milliseconds: number): FerryError {
  return new FerryError({
    code: 'body_timeout',
    message: `The body of the request did not arrive within ${milliseconds / 1000} seconds.`,
    hint: 'Send the request again; check the connection if this repeats.',
    status: 408,
    kind: 'timeout',
  })
}

function malformed(cause: unknown): FerryError {
  return new FerryError({
    code: 'body_malformed',
    message: 'The body of the request is not complete, valid JSON in UTF-8.',
    hint: 'Check the document with a JSON parser; comments and trailing commas are not JSON.',
    status: 400,
    kind: 'data_validation',
    cause,
  })
}
