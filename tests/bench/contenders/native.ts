/** The tools that people use today. */
import { spawnSync } from 'node:child_process'
import { totalmem } from 'node:os'
import { type BenchServers, clientPrograms } from '../servers.ts'
import { type Contender, shell, url } from './contender.ts'

export const pgcopydb: Contender = {
  name: 'pgcopydb clone',
  league: 'clone',
  absent: needs('pgcopydb', 'pgcopydb'),
  async run(contest) {
    await shell(
      contest,
      `pgcopydb clone --source '${url(contest, 'source')}' --target '${url(contest, 'target')}' \
        --table-jobs ${contest.jobs} --index-jobs ${contest.jobs} --no-owner --no-acl \
        --skip-extensions --dir ./pgcopydb`,
    )
    return {}
  },
}

export const dumpPipe: Contender = {
  name: 'pg_dump | psql',
  league: 'clone',
  absent: needs('pg_dump', 'postgresql-client-15'),
  async run(contest) {
    await shell(
      contest,
      `pg_dump --no-owner --no-acl '${url(contest, 'source')}' \
        | psql -X -q -v ON_ERROR_STOP=1 '${url(contest, 'target')}' >/dev/null`,
    )
    return {}
  },
}

export const dumpRestore: Contender = {
  name: 'pg_dump -Fc | pg_restore -j',
  league: 'clone',
  absent: needs('pg_restore', 'postgresql-client-15'),
  async run(contest) {
    // pg_restore -j seeks in its archive, so that a pipe will not do.
    const began = performance.now()
    await shell(contest, `pg_dump -Fc -Z 1 -f dump '${url(contest, 'source')}'`)
    const dumped = performance.now()
    await shell(
      contest,
      `pg_restore --no-owner --no-acl -j ${contest.jobs} -d '${url(contest, 'target')}' dump`,
    )
    return { phases_ms: { dump: dumped - began, restore: performance.now() - dumped } }
  },
}

export const pgloader: Contender = {
  name: 'pgloader',
  league: 'clone',
  absent: needs('pgloader', 'pgloader'),
  async run(contest) {
    const said = await shell(
      contest,
      `pgloader --dynamic-space-size ${heapMebibytes()} --no-ssl-cert-verification --root-dir ./pgloader \
        '${withoutOptions(url(contest, 'source'))}' '${withoutOptions(url(contest, 'target'))}'`,
    )
    if (/\b(ERROR|FATAL)\b/.test(said)) throw new Error(`pgloader: ${said.slice(-800)}`)
    return {}
  },
}

/** Its own default of 1 GiB is exhausted by two tables of a million rows; reserved, not taken. */
function heapMebibytes(): number {
  return Math.min(8192, Math.floor(totalmem() / 2 ** 21))
}

function withoutOptions(address: string): string {
  return address.replace(/\?.*$/, '')
}

function needs(program: string, debianPackage: string) {
  return (servers: BenchServers): string | undefined => {
    if (clientPrograms(servers.release) === undefined) {
      return `client programs of release ${servers.release} are not installed`
    }
    const found = spawnSync('sh', ['-c', `command -v ${program}`]).status === 0
    return found ? undefined : `not installed (Debian package ${debianPackage})`
  }
}
