/** Answers that come from the platform and not from a function. */
import type { ServerResponse } from 'node:http'
import { type EndReason, isLimit } from './limits.ts'

export interface Answer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

export const NOT_FOUND: Answer = {
  status: 404,
  body: { code: 'NOT_FOUND', message: 'Requested function was not found' },
}
export const NO_ROUTE: Answer = {
  status: 404,
  body: { message: 'no Route matched with those values' },
}
export const BOOT_ERROR: Answer = {
  status: 503,
  body: { code: 'BOOT_ERROR', message: 'Function failed to start (please check logs)' },
}
export const IDLE_TIMEOUT: Answer = {
  status: 504,
  body: { code: 'IDLE_TIMEOUT', message: 'Request idle timeout limit reached' },
}
export const NO_AUTHORIZATION: Answer = {
  status: 401,
  body: { code: 401, message: 'Missing authorization header' },
}
export const INVALID_JWT: Answer = { status: 401, body: { code: 401, message: 'Invalid JWT' } }

const WORKER_LIMIT: Answer = {
  status: 546,
  body: {
    code: 'WORKER_LIMIT',
    message: 'Function failed due to not having enough compute resources (please check logs)',
  },
}
const WORKER_ERROR: Answer = {
  status: 500,
  body: {
    code: 'WORKER_ERROR',
    message: 'Function exited due to an error (please check logs)',
  },
}

/** For a request whose isolate ended before it had answered. */
export function answerForEnd(reason: EndReason): Answer {
  return isLimit(reason) ? WORKER_LIMIT : WORKER_ERROR
}

export function send(response: ServerResponse, answer: Answer): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  response.writeHead(answer.status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(answer.body))
}
