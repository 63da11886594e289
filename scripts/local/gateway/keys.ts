/**
 * The keys of the embedded project: a publishable and a secret key in the platform's new form (no JWTs,
 * they travel in the `apikey` header), and an ES256 pair that signs user tokens. Kept in the project's
 * directory, so that they stay the same between runs.
 */
import { randomBytes, randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose'

export interface ProjectKeys {
  readonly publishable: string
  readonly secret: string
  /** The private key; its public half is what functions and the well-known address show. */
  readonly signing: JWK
}

export interface TokenClaims {
  readonly sub?: string
  readonly role?: string
  readonly email?: string
  readonly app_metadata?: object
  readonly user_metadata?: object
  readonly [claim: string]: unknown
}

export interface TokenOptions {
  readonly issuer?: string
  readonly audience?: string
  /** Seconds from now, negative for an expired token; null leaves `exp` out. One hour by default. */
  readonly expiresIn?: number | null
  /** Signs with this key instead of the project's, as a forger would. */
  readonly signing?: JWK
}

export async function loadKeys(file: string): Promise<ProjectKeys> {
  const stored = read(file)
  if (stored) return stored
  const keys: ProjectKeys = {
    publishable: `sb_publishable_${token(22)}_${token(8)}`,
    secret: `sb_secret_${token(22)}_${token(8)}`,
    signing: await newSigningKey(),
  }
  mkdirSync(dirname(file), { recursive: true })
  const temporary = `${file}.${process.pid}`
  writeFileSync(temporary, `${JSON.stringify(keys, null, 2)}\n`, { mode: 0o600 })
  renameSync(temporary, file)
  return keys
}

/** A fresh ES256 key: for a project, or for a test that forges a token. */
export async function newSigningKey(): Promise<JWK> {
  const pair = await generateKeyPair('ES256', { extractable: true })
  const jwk = await exportJWK(pair.privateKey)
  return { ...jwk, kid: randomUUID(), alg: 'ES256', use: 'sig' }
}

/** The public half, as `/auth/v1/.well-known/jwks.json` shows it. */
export function publicKeySet(keys: ProjectKeys): { keys: JWK[] } {
  const { d: _private, ...shown } = keys.signing
  return { keys: [{ ...shown, key_ops: ['verify'], ext: true }] }
}

/** A user's token as Auth issues it; every claim can be overridden. */
export async function signToken(
  keys: ProjectKeys,
  projectUrl: string,
  claims: TokenClaims = {},
  options: TokenOptions = {},
): Promise<string> {
  const signing = options.signing ?? keys.signing
  const now = Math.floor(Date.now() / 1000)
  const expiresIn = options.expiresIn === undefined ? 3600 : options.expiresIn
  const payload = { sub: randomUUID(), role: 'authenticated', is_anonymous: false, ...claims }
  const jwt = new SignJWT(payload)
    .setProtectedHeader({ alg: 'ES256', typ: 'JWT', ...(signing.kid ? { kid: signing.kid } : {}) })
    .setIssuer(options.issuer ?? `${projectUrl}/auth/v1`)
    .setAudience(options.audience ?? 'authenticated')
    .setIssuedAt(expiresIn !== null && expiresIn < 0 ? now + expiresIn - 60 : now)
  if (expiresIn !== null) jwt.setExpirationTime(now + expiresIn)
  return jwt.sign(await importJWK(signing, 'ES256'))
}

function token(length: number): string {
  return randomBytes(length).toString('base64url').slice(0, length).replaceAll('-', '_')
}

function read(file: string): ProjectKeys | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ProjectKeys
  } catch {
    return undefined
  }
}
