/**
 * Deploy rehearsal: the two commands of the quickstart against a fresh project's database and a
 * stand-in for the Management API, then the uploaded files alone under both Deno releases.
 */
import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CommandResult, denoBinaries } from '../../scripts/check/command.ts'
import { functionNames } from '../../scripts/check/functions.ts'
import { REPOSITORY } from '../../scripts/local/paths.ts'
import { bootFunction, layOut } from '../../scripts/rehearsal/boot.ts'
import { type FreshDatabase, openFreshDatabase } from '../../scripts/rehearsal/database.ts'
import { deployFunctions, pushMigrations } from '../../scripts/rehearsal/deploy.ts'
import {
  type Deployment,
  type ManagementApi,
  startManagementApi,
} from '../support/management-api.ts'

let directory: string
let database: FreshDatabase
let api: ManagementApi
const pushes: CommandResult[] = []
let deployment: CommandResult

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'supaferry-deploy-'))
  database = await openFreshDatabase()
  for (let turn = 0; turn < 2; turn++) pushes.push(await pushMigrations(database.url))
  api = await startManagementApi()
  const profile = await api.writeProfile(directory)
  deployment = await deployFunctions({ ...api, profile })
}, 120_000)

afterAll(async () => {
  await api?.stop()
  await database?.stop()
  await rm(directory, { recursive: true, force: true })
})

describe('supabase db push', () => {
  test('applies every migration as a non-superuser, and finds nothing to do afterwards', async () => {
    const [first, second] = pushes
    expect(first?.code, first?.transcript).toBe(0)
    expect(second?.code, second?.transcript).toBe(0)
    expect(second?.transcript).toMatch(/up to date/i)
    const files = await readdir(join(REPOSITORY, 'supabase/migrations'))
    for (const file of files) {
      expect(first?.transcript).toContain(file)
      expect(second?.transcript).not.toContain(file)
    }
    const sql = postgres(database.url, { max: 1 })
    try {
      const [role] = await sql`select rolname, rolsuper from pg_roles where rolname = current_user`
      expect(role).toEqual({ rolname: 'postgres', rolsuper: false })
      const applied = await sql`select version from supabase_migrations.schema_migrations`
      expect(applied.length).toBe(files.length)
      const [control] = await sql`select to_regclass('migration.orchestrations') as name`
      expect(control?.name).not.toBeNull()
    } finally {
      await sql.end()
    }
  })
})

describe('supabase functions deploy', () => {
  test('uploads every function, without a check of tokens in front of it', () => {
    expect(deployment.code, deployment.transcript).toBe(0)
    // A file that cannot be found is a warning to the CLI and a broken function to the user.
    expect(deployment.transcript).not.toMatch(/warn|failed to read|not found/i)
    expect(api.unknownRequests).toEqual([])
    expect([...api.deployments.keys()].sort()).toEqual(functionNames())
    for (const { slug, metadata } of api.deployments.values()) {
      expect(metadata).toMatchObject({
        verify_jwt: false,
        entrypoint_path: `supabase/functions/${slug}/index.ts`,
        import_map_path: `supabase/functions/${slug}/deno.json`,
      })
    }
  })

  test('uploads the product and nothing else', () => {
    for (const { slug, files } of api.deployments.values()) {
      for (const name of files.keys()) {
        expect(name).toMatch(
          new RegExp(`^(shared/|supabase/functions/(_shared|${slug})/).*\\.(ts|json)$`),
        )
      }
    }
  })

  describe.each(denoBinaries)('on Deno $name', ({ path: deno }) => {
    test.each(functionNames())(
      '%s boots from its upload and refuses a stranger',
      async (name) => {
        const upload = api.deployments.get(name)
        if (!upload) throw new Error(`${name} was not uploaded`)
        const answer = await askStranger(deno, upload, await mkdtemp(join(directory, 'upload-')))
        const code = name === 'process-batch' ? 'nonce_invalid' : 'credentials_missing'
        expect(answer).toMatchObject({ status: 401, error: { code } })
      },
      60_000,
    )
  })
})

/** Boots an upload and calls it as somebody without a key would. */
async function askStranger(
  deno: string,
  { slug, metadata, files }: Deployment,
  directory: string,
): Promise<unknown> {
  const importMap = metadata.import_map_path ?? ''
  await layOut(files, importMap, directory)
  const booted = await bootFunction({
    deno,
    directory,
    entrypoint: metadata.entrypoint_path,
    importMap,
    env: {
      SUPABASE_URL: 'http://127.0.0.1:9',
      SUPABASE_DB_URL: database.url,
      SUPABASE_PUBLISHABLE_KEYS: '{"default":"sb_publishable_rehearsal"}',
      SUPABASE_SECRET_KEYS: '{"default":"sb_secret_rehearsal"}',
      SUPABASE_JWKS: '{"keys":[]}',
    },
  })
  try {
    const response = await fetch(`${booted.url}/functions/v1/${slug}`, strangersRequest(slug))
    return { status: response.status, ...((await response.json()) as object) }
  } finally {
    await booted.stop()
  }
}

function strangersRequest(slug: string): RequestInit {
  if (slug === 'status') return { method: 'GET' }
  const nonce = randomBytes(32).toString('hex')
  const body = slug === 'process-batch' ? { migration_id: randomUUID(), nonce } : {}
  return {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  }
}
