/**
 * Who is calling. A secret key in the `apikey` header speaks for the project's owner; a user's token
 * is verified against the project's published keys and carries roles in `app_metadata`, which only
 * the project can write. `user_metadata` is the user's own and counts for nothing.
 */
import { verifyAuth } from '@supabase/server/core'
import { z } from 'zod'
import { FerryError } from '../../../shared/platform/errors.ts'
import type { Platform } from '../../../shared/platform/platform.ts'

export type Role = 'migration_admin' | 'migration_analyst'

export interface Caller {
  /** For the audit log and `created_by`: `secret:<name>`, `user:<id>` or `publishable:<name>`. */
  readonly actor: string
  readonly roles: ReadonlySet<Role>
}

type Environment = NonNullable<Parameters<typeof verifyAuth>[1]['env']>

const KeyNames = z.record(z.string(), z.string().min(1))
const Jwk = z.looseObject({ kty: z.string(), alg: z.string().exactOptional() })
const JwkSet = z.union([
  z.object({ keys: z.array(Jwk) }),
  z.array(Jwk).transform((keys) => ({ keys })),
])
const AppMetadata = z.looseObject({ roles: z.array(z.unknown()) })

const ROLES: readonly Role[] = ['migration_admin', 'migration_analyst']

/**
 * @throws FerryError `credentials_missing` or `credentials_invalid` 401; `auth_unconfigured` 500
 * where the function's environment lacks what is needed to check anybody
 */
export async function authenticate(request: Request, platform: Platform): Promise<Caller> {
  const env = environment(platform)
  const { data, error } = await verifyAuth(request, {
    // A kind of key of which the project has none would turn every wrong key into a server error.
    auth: ['secret:*', 'user', ...(hasPublishable(env) ? ['publishable:*' as const] : [])],
    issuer: `${env.url}/auth/v1`,
    audience: 'authenticated',
    env,
  })
  if (error !== null) {
    if (error.code === 'MISSING_CREDENTIALS') throw missing()
    throw error.status === 401 ? invalid() : unconfigured()
  }
  switch (data.authMode) {
    case 'secret':
      return { actor: `secret:${data.keyName}`, roles: new Set(ROLES) }
    case 'user':
      // The library compares `exp` with the clock only where it is present.
      if (typeof data.jwtClaims?.exp !== 'number') throw invalid()
      return { actor: `user:${data.userClaims?.id}`, roles: rolesOf(data.jwtClaims.app_metadata) }
    case 'publishable':
      return { actor: `publishable:${data.keyName}`, roles: new Set() }
    case 'none':
      throw invalid()
  }
}

function hasPublishable(env: Environment): boolean {
  return Object.keys(env.publishableKeys ?? {}).length > 0
}

function rolesOf(metadata: unknown): ReadonlySet<Role> {
  const granted = AppMetadata.safeParse(metadata)
  if (!granted.success) return new Set()
  const { roles } = granted.data
  return new Set(ROLES.filter((role) => roles.includes(role)))
}

function environment(platform: Platform): Environment & { url: string } {
  const url = platform.env('SUPABASE_URL')?.replace(/\/+$/, '')
  const secretKeys = parsed(platform.env('SUPABASE_SECRET_KEYS'), KeyNames)
  if (url === undefined || secretKeys === undefined) throw unconfigured()
  return {
    url,
    secretKeys,
    publishableKeys: parsed(platform.env('SUPABASE_PUBLISHABLE_KEYS'), KeyNames) ?? {},
    jwks: publicKeys(platform.env('SUPABASE_JWKS')),
  }
}

/**
 * Public keys only: were a symmetric key ever listed, or a token signed with the text of a public
 * one, HMAC must not be a way in. Given as a set even when empty, so that keys are never fetched.
 */
function publicKeys(text: string | undefined): NonNullable<Environment['jwks']> {
  const keys = parsed(text, JwkSet)?.keys ?? []
  const isPublic = (key: z.infer<typeof Jwk>) =>
    ['EC', 'RSA', 'OKP'].includes(key.kty) && !key.alg?.startsWith('HS')
  return { keys: keys.filter(isPublic) }
}

function parsed<T>(text: string | undefined, schema: z.ZodType<T>): T | undefined {
  if (text === undefined) return undefined
  try {
    return schema.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}

function missing(): FerryError {
  return new FerryError({
    code: 'credentials_missing',
    message: 'The request carries no credentials.',
    hint: 'Send a secret key in the "apikey" header, or a user token as "Authorization: Bearer …".',
    status: 401,
  })
}

/** One answer for every defect, so that it tells nothing about which check failed. */
function invalid(): FerryError {
  return new FerryError({
    code: 'credentials_invalid',
    message: 'The credentials of the request are not valid for this project.',
    hint: 'Secret keys go in the "apikey" header, never in "Authorization"; user tokens expire: sign in again.',
    status: 401,
  })
}

function unconfigured(): FerryError {
  return new FerryError({
    code: 'auth_unconfigured',
    message: 'The function cannot check credentials: its environment is incomplete.',
    hint: 'Check SUPABASE_URL, SUPABASE_SECRET_KEYS and SUPABASE_JWKS of the functions.',
    status: 500,
  })
}
