/** `npm run bench`: how fast a clone is, beside the tools that people use today. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { dirname, join } from 'node:path'
import type { Contender } from './contenders/contender.ts'
import { ferryRun } from './contenders/ferry-run.ts'
import { dumpPipe, dumpRestore, pgcopydb, pgloader } from './contenders/native.ts'
import { rawCopy } from './contenders/raw-copy.ts'
import { ensureDataset } from './dataset.ts'
import { type BenchOptions, readOptions } from './options.ts'
import { runRounds } from './rounds.ts'
import { type BenchServers, SETTINGS, startBenchServers } from './servers.ts'
import { contendersTable, ferryTable } from './summary.ts'

const repository = join(import.meta.dirname, '../..')
const options = readOptions(process.argv.slice(2))
const say = (line: string) => void process.stdout.write(`${line}\n`)

const servers = await startBenchServers(options.directory, options.release)
const stop = () => void servers.stop().finally(() => process.exit(130))
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, stop)
try {
  await compare(servers, options)
} finally {
  await servers.stop()
}

async function compare(servers: BenchServers, options: BenchOptions): Promise<void> {
  const { dataset, lanes, jobs } = options
  say(`${servers.version}, both servers; ${cpus().length} cores; ${JSON.stringify(dataset)}`)
  say(`settings: ${JSON.stringify(SETTINGS)}`)
  say('Making the dataset where it is missing …')
  const source = await ensureDataset(servers.source, dataset)
  const contenders = contendersOf(options).filter((contender) => {
    const reason = contender.absent(servers)
    if (reason !== undefined) say(`left out: ${contender.name}: ${reason}`)
    return reason === undefined
  })
  const contest = { servers, dataset, source, lanes, jobs }
  const { rounds, directory } = options
  const measurements = await runRounds({ contest, contenders, rounds, directory, say })
  const tables = [...contendersTable(measurements), '', ...ferryTable(measurements, dataset.rows)]
  for (const line of ['', ...tables]) say(line)
  mkdirSync(dirname(options.json), { recursive: true })
  const { version } = servers
  const about = { version, settings: SETTINGS, cores: cpus().length, dataset, lanes, jobs }
  writeFileSync(options.json, `${JSON.stringify({ about, measurements }, null, 2)}\n`)
  say(`all measurements: ${options.json}`)
}

function contendersOf({ only, trees }: BenchOptions): Contender[] {
  const all = [
    ferryRun(repository),
    ...trees.map((tree) => ferryRun(tree, `ferry run of ${tree}`)),
    pgcopydb,
    dumpPipe,
    dumpRestore,
    pgloader,
    rawCopy(false),
    rawCopy(true),
  ]
  return only.length === 0
    ? all
    : all.filter(({ name }) => only.some((part) => name.toLowerCase().includes(part.toLowerCase())))
}
