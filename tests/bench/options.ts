/** What can be asked of the bench. */
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Dataset, DEFAULT_DATASET, type Types } from './dataset.ts'
import { defaultRelease, type Release } from './servers.ts'

export interface BenchOptions {
  readonly dataset: Dataset
  readonly release: Release
  readonly rounds: number
  /** Undefined: what `ferry run` takes by itself. */
  readonly lanes: number | undefined
  readonly jobs: number
  /** Parts of names of contenders or points; empty: all. */
  readonly only: readonly string[]
  /** Other checkouts whose `ferry run` takes part. */
  readonly trees: readonly string[]
  readonly directory: string
  readonly json: string
  /** Writes the tables into docs/performance.md. */
  readonly write: boolean
  readonly scaling: boolean
  readonly large: boolean
  readonly verification: boolean
  readonly mapping: boolean
  readonly sync: boolean
  /** Of the generated clinic: 1 is about 100,000 rows. */
  readonly clinicScale: number
}

/** What the goals of verification are told of. */
const VERIFIED_ROWS = 1_000_000
const LOGGED_CHANGES = 300_000

export const USAGE = `npm run bench -- [options]
  --rows N --tables N --width BYTES --types mixed|text|numbers   the dataset (2000000, 2, 250, mixed)
  --rounds N      of each contender (3)
  --lanes N       row streams of ferry run and raw COPY (what ferry run takes by itself)
  --jobs N        table and index jobs of all others (2)
  --release 15|17 of both servers (15 where Debian's packages are installed)
  --only NAME,…   contenders, with --scaling: points, whose name holds one of these
  --tree PATH,…   ferry run of other checkouts as contenders
  --scaling       the scaling curve instead: rows and tables, time of each SQL function
  --large         with --scaling: 10 million rows, too
  --verification  a clone of 1 million rows verified instead, beside the servers' own checksums
  --mapping       a clone with new ids, beside the same by hand, and a clinic with dirt
  --sync          changes taken from the log of the source (300000 of them), a hash pass over as many rows,
                  and a cut-over of a clinic
  --clinic SCALE  with --mapping and --sync: how large that clinic is, 1 for about 100000 rows (10)
  --directory P   servers and datasets are kept here (a folder in the system's temporary one)
  --json FILE     all measurements
  --write         the tables into docs/performance.md`

export function readOptions(args: readonly string[]): BenchOptions {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean', default: false } as const
  const { values } = parseArgs({
    args: [...args],
    options: {
      rows: text,
      tables: text,
      width: text,
      types: text,
      rounds: text,
      lanes: text,
      jobs: text,
      release: text,
      only: text,
      tree: text,
      directory: text,
      json: text,
      scaling: flag,
      large: flag,
      verification: flag,
      mapping: flag,
      sync: flag,
      clinic: text,
      write: flag,
    },
  })
  const directory = values.directory ?? join(tmpdir(), 'ferry-bench')
  return {
    dataset: {
      rows: count(values.rows, usualRows(values)),
      tables: count(values.tables, DEFAULT_DATASET.tables),
      width: count(values.width, DEFAULT_DATASET.width),
      types: typesOf(values.types),
    },
    release: count(values.release, defaultRelease()) === 17 ? 17 : 15,
    rounds: count(values.rounds, 3),
    lanes: values.lanes === undefined ? undefined : count(values.lanes, 0),
    jobs: count(values.jobs, 2),
    only: list(values.only),
    trees: list(values.tree),
    directory,
    json: values.json ?? join(directory, 'bench.json'),
    write: values.write,
    scaling: values.scaling,
    large: values.large,
    verification: values.verification,
    mapping: values.mapping,
    sync: values.sync,
    clinicScale: count(values.clinic, 10),
  }
}

function usualRows(asked: { readonly verification: boolean; readonly sync: boolean }): number {
  if (asked.sync) return LOGGED_CHANGES
  return asked.verification ? VERIFIED_ROWS : DEFAULT_DATASET.rows
}

/** What `ferry run` takes where its plan says nothing: as many as there are processors, 2 to 8. */
export function usualLanes(): number {
  return Math.max(2, Math.min(8, availableParallelism()))
}

/** Whether `--only` lets a name take part. */
export function isWanted({ only }: Pick<BenchOptions, 'only'>, name: string): boolean {
  const lowered = name.toLowerCase()
  return only.length === 0 || only.some((part) => lowered.includes(part.toLowerCase()))
}

function count(text: string | undefined, otherwise: number): number {
  const number = text === undefined ? otherwise : Number(text)
  if (!Number.isSafeInteger(number) || number < 0) throw new Error(`Not a count: ${text}\n${USAGE}`)
  return number
}

function list(text: string | undefined): string[] {
  return (text ?? '').split(',').filter(Boolean)
}

function typesOf(text: string | undefined): Types {
  if (text === undefined) return DEFAULT_DATASET.types
  if (text === 'mixed' || text === 'text' || text === 'numbers') return text
  throw new Error(`Not a set of types: ${text}\n${USAGE}`)
}
