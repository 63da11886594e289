/** A data directory: made once by initdb, kept between runs. */
import { execFile } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { FerryError } from '../../../shared/platform/errors.ts'
import { type Account, giveTo, launchAs } from './account.ts'
import type { PostgresBinaries } from './binaries.ts'

/** Every login of the embedded servers has this password; they listen on the loopback address only. */
export const PASSWORD = 'postgres'

export interface ClusterOptions {
  readonly binaries: PostgresBinaries
  readonly account: Account | undefined
  readonly dataDirectory: string
  /** The bootstrap superuser. */
  readonly superuser: string
  /** initdb's locale options. */
  readonly locale: readonly string[]
}

/** A hosted project sorts text by ICU's en_US. */
export const HOSTED_LOCALE = ['--locale-provider=icu', '--icu-locale=en-US', '--locale=C']
/** A legacy server sorts otherwise, so that nothing may rely on both sides agreeing. */
export const LEGACY_LOCALE = ['--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C']

/** Workers come over the private socket folder without a password, everybody else over TCP with one. */
const HOST_RULES = `local all all trust
host all all 127.0.0.1/32 scram-sha-256
local replication all trust
host replication all 127.0.0.1/32 scram-sha-256
`

/**
 * Makes the cluster where there is none yet. It is built beside its place and renamed, so that a process
 * killed in the middle leaves nothing half-made behind.
 * @throws FerryError `initdb_failed`
 */
export async function ensureCluster(options: ClusterOptions): Promise<void> {
  const { account, dataDirectory } = options
  if (existsSync(join(dataDirectory, 'PG_VERSION'))) return
  const parent = dirname(dataDirectory)
  mkdirSync(parent, { recursive: true })
  const building = `${dataDirectory}.building`
  const passwordFile = `${dataDirectory}.password`
  rmSync(building, { recursive: true, force: true })
  mkdirSync(building)
  chmodSync(building, 0o700)
  giveTo(account, building)
  writeFileSync(passwordFile, `${PASSWORD}\n`, { mode: 0o600 })
  giveTo(account, passwordFile)
  try {
    await initialise(options, building, passwordFile)
  } finally {
    rmSync(passwordFile, { force: true })
  }
  writeFileSync(join(building, 'pg_hba.conf'), HOST_RULES)
  renameSync(building, dataDirectory)
}

async function initialise(
  options: ClusterOptions,
  directory: string,
  passwordFile: string,
): Promise<void> {
  const { binaries, account } = options
  const args = [
    `--pgdata=${directory}`,
    `--username=${options.superuser}`,
    `--pwfile=${passwordFile}`,
    '--auth-local=trust',
    '--auth-host=scram-sha-256',
    '--encoding=UTF8',
    '--lc-messages=C',
    ...options.locale,
    '--no-instructions',
    '--no-sync',
  ]
  const folders = [dirname(binaries.initdb), dirname(directory)]
  const launch = launchAs(account, binaries.initdb, args, folders)
  try {
    await promisify(execFile)(launch.command, [...launch.arguments], {
      ...launch.credentials,
      cwd: '/',
      env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' },
    })
  } catch (cause) {
    throw new FerryError({
      code: 'initdb_failed',
      message: 'The PostgreSQL data directory could not be initialised.',
      hint: 'The cause holds the output of initdb; free disk space and permissions are the usual reasons.',
      cause,
    })
  }
}
