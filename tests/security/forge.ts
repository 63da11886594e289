/** Tokens as an attacker would make them. */
import { createPublicKey, type JsonWebKey } from 'node:crypto'
import { importJWK, type JWK, type JWTPayload, SignJWT } from 'jose'

/** What anybody can read at the project's well-known address. */
export async function publishedKey(url: string): Promise<JWK> {
  const response = await fetch(`${url}/auth/v1/.well-known/jwks.json`)
  const { keys } = (await response.json()) as { keys: JWK[] }
  return keys[0]!
}

/** The payload of a token that the project would accept. */
export function goodClaims(url: string): JWTPayload {
  return {
    sub: '9b2c7a52-1b1f-4c4e-9a53-0d6f1f3c2e11',
    role: 'authenticated',
    aud: 'authenticated',
    iss: `${url}/auth/v1`,
    exp: Math.floor(Date.now() / 1000) + 600,
    app_metadata: { roles: ['migration_admin'] },
  }
}

/** A header that says that there is no signature, in every spelling, and none. */
export function unsigned(claims: JWTPayload, alg: string, kid: string): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ alg, kid, typ: 'JWT' })}.${part(claims)}.`
}

/** HMAC with the public key as its secret, in the forms in which libraries have confused the two. */
export async function confused(claims: JWTPayload, key: JWK): Promise<Record<string, string>> {
  const pem = createPublicKey({ key: key as JsonWebKey, format: 'jwk' }).export({
    type: 'spki',
    format: 'pem',
  })
  const secrets = { PEM: String(pem), JWK: JSON.stringify(key), x: key.x ?? '' }
  const tokens = Object.entries(secrets).map(async ([form, secret]) => [
    form,
    await hmac(claims, key.kid ?? '', new TextEncoder().encode(secret)),
  ])
  return Object.fromEntries(await Promise.all(tokens))
}

/** HS256 under any `kid`; with a path as `kid` the secret of a careless server is a known file. */
export function hmac(claims: JWTPayload, kid: string, secret: Uint8Array): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid }).sign(secret)
}

/** Signed by a key of the attacker, who claims any `kid` and may send the key along. */
export async function signedBy(
  claims: JWTPayload,
  signing: JWK,
  header: { kid: string; jwk?: JWK; jku?: string },
): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'ES256', ...header })
    .sign(await importJWK(signing, 'ES256'))
}
