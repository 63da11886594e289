/** The frame around every function: method, errors, and one log line per request. */
import { FerryError } from '../../../shared/platform/errors.ts'
import type { Platform } from '../../../shared/platform/platform.ts'
import { answerError } from './answer.ts'
import { errorFacts } from './facts.ts'

export interface Endpoint {
  /** Name of the function, for the log. */
  readonly name: string
  readonly method: 'GET' | 'POST'
  /** May throw: a `FerryError` is answered as it says, anything else as `internal`. */
  handle(request: Request): Promise<Response>
}

/** What an `index.ts` exports as default. */
export function serve(
  platform: Platform,
  endpoint: Endpoint,
): { fetch(request: Request): Promise<Response> } {
  return {
    async fetch(request) {
      const began = platform.now()
      const { response, code } = await respond(platform, endpoint, request)
      platform.log('info', 'request', {
        function: endpoint.name,
        method: request.method,
        status: response.status,
        code,
        duration_ms: Math.round(platform.now() - began),
      })
      return response
    },
  }
}

async function respond(
  platform: Platform,
  endpoint: Endpoint,
  request: Request,
): Promise<{ response: Response; code: string | null }> {
  try {
    requireMethod(request, endpoint.method)
    return { response: await endpoint.handle(request), code: null }
  } catch (error) {
    const reference = crypto.randomUUID()
    const expected = error instanceof FerryError
    if (!expected || error.status >= 500) {
      platform.log('error', 'request_failed', {
        function: endpoint.name,
        reference,
        ...errorFacts(error),
      })
    }
    const response = answerError(error, reference)
    if (expected && error.code === 'method_not_allowed')
      response.headers.set('allow', endpoint.method)
    return { response, code: expected ? error.code : 'internal' }
  }
}

function requireMethod(request: Request, method: string): void {
  if (request.method === method) return
  throw new FerryError({
    code: 'method_not_allowed',
    message: `This function answers ${method} only.`,
    hint: `Send the request as ${method}.`,
    status: 405,
  })
}
