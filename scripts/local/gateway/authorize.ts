/** The platform's own check of a token, for functions with `verify_jwt = true`. */
import type { IncomingMessage } from 'node:http'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { type Answer, INVALID_JWT, NO_AUTHORIZATION } from './answers.ts'
import { type ProjectKeys, publicKeySet } from './keys.ts'

/** Undefined where the request may pass. A preflight request carries no token and always passes. */
export async function refusal(
  request: IncomingMessage,
  keys: ProjectKeys,
): Promise<Answer | undefined> {
  if (request.method === 'OPTIONS') return undefined
  const header = request.headers.authorization
  if (!header) return NO_AUTHORIZATION
  const token = /^Bearer\s+(\S+)$/i.exec(header)?.[1]
  if (!token) return INVALID_JWT
  try {
    await jwtVerify(token, createLocalJWKSet(publicKeySet(keys)), { algorithms: ['ES256'] })
    return undefined
  } catch {
    return INVALID_JWT
  }
}
