/** PgBouncer in front of a server, as an operator runs it: transaction pooling, few connections behind it. */
import { spawn } from 'node:child_process'
import { accessSync, chmodSync, constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import postgres from 'postgres'
import { giveTo, launchAs, postgresAccount } from '../../scripts/local/postgres/account.ts'
import { PASSWORD } from '../../scripts/local/postgres/cluster.ts'
import { freePort } from '../../scripts/local/processes/free-port.ts'
import { eventually } from './eventually.ts'

export interface Pooler {
  /** The address of the same database and role, through the pooler. */
  through(address: string): string
  stop(): Promise<void>
}

export interface PoolerOptions {
  /** Of the server behind it, on this machine. */
  readonly port: number
  /** Roles that may come in; all of them have the password of the embedded servers. */
  readonly roles: readonly string[]
  /** Server connections per database and role, fewer than clients so that they are really shared. */
  readonly poolSize: number
}

/** Where the program is: the folders of daemons are not on everybody's path. */
export function poolerProgram(): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
  return folders.map((folder) => join(folder, 'pgbouncer')).find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Starts one, and waits until it lets a role through to the database `postgres`. */
export async function startPooler(options: PoolerOptions): Promise<Pooler> {
  const program = poolerProgram()
  if (program === undefined) throw new Error('there is no PgBouncer on this machine')
  const account = postgresAccount()
  const directory = mkdtempSync(join(tmpdir(), 'ferry-pooler-'))
  chmodSync(directory, 0o755)
  giveTo(account, directory)
  const port = await freePort()
  const file = join(directory, 'pgbouncer.ini')
  writeFileSync(file, configuration(options, directory, port))
  writeFileSync(
    join(directory, 'users.txt'),
    options.roles.map((role) => `"${role}" "${PASSWORD}"\n`).join(''),
  )
  const start = launchAs(account, program, ['-q', file], [directory])
  const child = spawn(start.command, [...start.arguments], {
    ...start.credentials,
    cwd: '/',
    stdio: ['ignore', 'ignore', 'ignore'],
  })
  const gone = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', () => resolve())
  })
  const through = (address: string) => {
    const url = new URL(address)
    url.port = String(port)
    return url.href
  }
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
    await gone
    rmSync(directory, { recursive: true, force: true })
  }
  try {
    const role = options.roles[0] ?? 'postgres'
    const url = `postgresql://${role}:${PASSWORD}@127.0.0.1:${port}/postgres?sslmode=disable`
    await eventually(() => answers(url), { what: 'the pooler lets a session through' })
  } catch (error) {
    await stop()
    throw error
  }
  return { through, stop }
}

function configuration(options: PoolerOptions, directory: string, port: number): string {
  return `
[databases]
* = host=127.0.0.1 port=${options.port}
[pgbouncer]
pool_mode = transaction
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = trust
auth_file = ${join(directory, 'users.txt')}
logfile = ${join(directory, 'pgbouncer.log')}
default_pool_size = ${options.poolSize}
max_client_conn = 200
`
}

async function answers(url: string): Promise<true> {
  const sql = postgres(url, { max: 1, connect_timeout: 2, onnotice: () => undefined })
  try {
    await sql`select 1`
    return true
  } finally {
    await sql.end({ timeout: 1 })
  }
}
