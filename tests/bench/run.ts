/** `npm run bench`: how fast a clone is, beside the tools that people use today, and how that grows. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { basename, dirname, join } from 'node:path'
import type { Contender } from './contenders/contender.ts'
import { ferryRun } from './contenders/ferry-run.ts'
import { dumpPipe, dumpRestore, pgcopydb, pgloader } from './contenders/native.ts'
import { rawCopy } from './contenders/raw-copy.ts'
import { COUNT_FUNCTIONS } from './control-functions.ts'
import { ensureDataset } from './dataset.ts'
import { clinicAbsent } from './mapping/clinic.ts'
import { measureMapping, usesOf as usesOfMapping } from './mapping/measure.ts'
import { profileSettings } from './mapping/profile.ts'
import { mappingTables } from './mapping/tables.ts'
import { type BenchOptions, isWanted, readOptions, usualLanes } from './options.ts'
import { noiseLines, repeatLine, writeSection } from './report.ts'
import { type Measurement, runRounds } from './rounds.ts'
import { measureScaling } from './scaling.ts'
import { scalingTables } from './scaling-tables.ts'
import { type BenchServers, SETTINGS, startBenchServers } from './servers.ts'
import { contendersTable, ferryTable } from './summary.ts'
import { CUTOVER, cutoverTables, measureCutover } from './sync/cutover.ts'
import { logCaptureTables, measureLogCapture } from './sync/log-capture.ts'
import { LOG_SWEEPS, logSweepsTable, measureLogSweeps } from './sync/log-sweeps.ts'
import { HASH_PASS, measureSync, syncTables } from './sync/measure.ts'
import { measureVerification, usesOf } from './verification/rounds.ts'
import { verificationTables } from './verification/tables.ts'

const repository = join(import.meta.dirname, '../..')
const args = process.argv.slice(2)
const options = readOptions(args)
const say = (line: string) => void process.stdout.write(`${line}\n`)

const { directory, release, scaling, mapping, verification, sync } = options
const extra = scaling
  ? COUNT_FUNCTIONS
  : mapping
    ? profileSettings(release)
    : sync
      ? { wal_level: 'logical' }
      : {}
const servers = await startBenchServers(directory, release, extra)
const stop = () => void servers.stop().finally(() => process.exit(130))
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, stop)
try {
  say(`${servers.version}, both servers; ${cpus().length} processors`)
  say(`settings: ${JSON.stringify(SETTINGS)}`)
  const measure = sync ? follow : mapping ? map : verification ? verify : scaling ? scale : compare
  await measure(servers, options)
} finally {
  await servers.stop()
}

async function compare(servers: BenchServers, options: BenchOptions): Promise<void> {
  const { dataset, jobs, rounds, directory } = options
  const lanes = options.lanes ?? usualLanes()
  say(`Making the dataset where it is missing: ${JSON.stringify(dataset)} …`)
  const source = await ensureDataset(servers.source, dataset)
  const contenders = contendersOf(options).filter((contender) => {
    const reason = contender.absent(servers)
    if (reason !== undefined) say(`left out: ${contender.name}: ${reason}`)
    return reason === undefined
  })
  const areLanesAsked = options.lanes !== undefined
  const contest = { servers, dataset, source, lanes, areLanesAsked, jobs }
  const measurements = await runRounds({ contest, contenders, rounds, directory, say })
  const tables = [...contendersTable(measurements), '', ...ferryTable(measurements, dataset.rows)]
  conclude('contenders', tables, measurements, { dataset, lanes, jobs, measurements })
}

async function scale(servers: BenchServers, options: BenchOptions): Promise<void> {
  const measured = await measureScaling(servers, options, say)
  const all = measured.flatMap(({ measurements }) => measurements)
  conclude('scaling', [...scalingTables(measured), ''], all, { measured })
}

async function verify(servers: BenchServers, options: BenchOptions): Promise<void> {
  const { dataset } = options
  say(`Cloning what is to be verified: ${JSON.stringify(dataset)} …`)
  const rounds = await measureVerification(servers, options, say)
  const tables = verificationTables(rounds, dataset.rows)
  conclude('verification', tables, rounds.flatMap(usesOf), { dataset, rounds })
}

async function map(servers: BenchServers, options: BenchOptions): Promise<void> {
  const { dataset, clinicScale } = options
  const measured = await measureMapping(servers, options, say)
  conclude('mapping', mappingTables(measured), usesOfMapping(measured), {
    dataset,
    clinicScale,
    ...measured,
  })
}

async function follow(servers: BenchServers, options: BenchOptions): Promise<void> {
  const logged = await measureLogCapture(servers, options, say)
  const told = isWanted(options, LOG_SWEEPS) ? await measureLogSweeps(options, say) : undefined
  const swept = isWanted(options, HASH_PASS) ? await measureSync(options, say) : undefined
  const isClinic = isWanted(options, CUTOVER) && clinicAbsent() === undefined
  const cut = isClinic ? await measureCutover(options, say) : undefined
  const tables = [
    ...(logged.length === 0 ? [] : [...logCaptureTables(logged), '']),
    ...(told === undefined ? [] : [...logSweepsTable(told), '']),
    ...(swept === undefined ? [] : [...syncTables(swept), '']),
    ...(cut === undefined ? [] : cutoverTables(cut)),
  ]
  const uses = [...logged, ...(swept === undefined ? [] : [swept.use])]
  conclude('sync', tables, uses, {
    dataset: options.dataset,
    logged,
    told,
    swept,
    cut,
  })
}

/** Prints the tables, keeps the measurements and, where asked, puts the tables into the documentation. */
function conclude(
  section: string,
  tables: readonly string[],
  measurements: readonly Pick<Measurement, 'foreign_cpu_share'>[],
  kept: object,
): void {
  for (const line of ['', ...tables]) say(line)
  mkdirSync(dirname(options.json), { recursive: true })
  const about = { version: servers.version, settings: SETTINGS, cores: cpus().length }
  writeFileSync(options.json, `${JSON.stringify({ about, ...kept }, null, 2)}\n`)
  say(`all measurements: ${options.json}`)
  if (!options.write) return
  const machine = `${servers.version}, both servers on one machine with ${cpus().length} processors.`
  const lines = [`${machine} ${repeatLine(args)}`, '', ...noiseLines(measurements), ...tables]
  writeSection(section, lines.slice(0, lines.findLastIndex(Boolean) + 1))
}

function contendersOf(options: BenchOptions): Contender[] {
  const all = [
    ferryRun(repository),
    ...options.trees.map((tree) => ferryRun(tree, `ferry run of ${basename(tree)}`)),
    pgcopydb,
    dumpPipe,
    dumpRestore,
    pgloader,
    rawCopy(false),
    rawCopy(true),
  ]
  return all.filter(({ name }) => isWanted(options, name))
}
