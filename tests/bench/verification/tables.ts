/** The rounds of a verification as lines of markdown: goals first, then where the time goes. */
import { left, right, table } from '../markdown.ts'
import { median, percent } from '../summary.ts'
import type { Use } from '../use.ts'
import { type OwnTimes, slower } from './own-checksum.ts'
import type { Pass } from './pass.ts'
import { usesOf, type VerificationRound } from './rounds.ts'

/** @param rows of all tables together */
export function verificationTables(rounds: readonly VerificationRound[], rows: number): string[] {
  return [...goalsTable(rounds, rows), '', ...timesTable(rounds)]
}

const plain = (value: number) => value.toFixed(2)
const fine = (value: number) => value.toFixed(3)
const whole = (value: number) => value.toFixed(0)

interface Goal {
  readonly title: string
  /** Of one round: rounds of a machine in use do not compare. */
  readonly pick: (round: VerificationRound, rows: number) => number
  readonly goal?: string
  readonly show?: (value: number) => string
}

const GOALS: readonly Goal[] = [
  {
    title: 'checksum of both sides ÷ the slower one’s own, alone, with its parallel workers',
    pick: ratioTo(({ own }) => own.planned),
    goal: '1.3',
  },
  { title: '— alone, in one process', pick: ratioTo(({ own }) => own.single) },
  { title: '— both sides at the same time', pick: ratioTo(({ own }) => own.together) },
  {
    title: 'CPU of both servers, references, too, ÷ that of their own checksums in one process',
    pick: ({ own, clean, empty }) => (serverCpu(clean) - serverCpu(empty)) / serverCpu(own.single),
  },
  {
    title: 'with 10 rows that differ, added time',
    pick: ({ clean, damaged }) => damaged.rows_ms / clean.rows_ms - 1,
    goal: '20 %',
    show: percent,
  },
  {
    title: '— added CPU of both servers',
    pick: ({ clean, damaged }) => serverCpu(damaged) / serverCpu(clean) - 1,
    show: percent,
  },
  {
    title: 'function CPU per million rows, main thread (s)',
    pick: perMillion(({ main_thread_seconds }) => main_thread_seconds),
    goal: '0.1',
    show: fine,
  },
  {
    title: 'function CPU per million rows, all threads (s)',
    pick: perMillion(({ cpu_seconds }) => cpu_seconds),
    show: fine,
  },
  {
    title: 'peak memory of a function process (MiB, anonymous)',
    pick: ({ clean, damaged }) => Math.max(clean.peak_mib, damaged.peak_mib),
    show: whole,
  },
  {
    title: 'other load, the most in a round',
    pick: (round) => Math.max(...usesOf(round).map((use) => use.foreign_cpu_share)),
    show: percent,
  },
]

function ratioTo(own: (round: VerificationRound) => OwnTimes): Goal['pick'] {
  return (round) => checksumTime(round.clean) / slower(own(round))
}

/** All rows, less the share that the check of references has of the lanes' time. */
function checksumTime({ rows_ms, rows_lane_ms, references_lane_ms }: Pass): number {
  return rows_ms * (1 - references_lane_ms / rows_lane_ms)
}

/** What a pass over tables without a row takes, too, is not of the rows. */
function perMillion(of: (pass: Pass) => number): Goal['pick'] {
  return ({ clean, empty }, rows) => ((of(clean) - of(empty)) * 1e6) / rows
}

function serverCpu({ source_cpu_seconds, target_cpu_seconds }: Use): number {
  return source_cpu_seconds + target_cpu_seconds
}

function goalsTable(rounds: readonly VerificationRound[], rows: number): string[] {
  const lines = GOALS.map(({ title, pick, goal = '', show = plain }) => {
    const values = rounds.map((round) => pick(round, rows))
    const range = `${show(Math.min(...values))} to ${show(Math.max(...values))}`
    return [title, show(median(values)), values.length > 1 ? range : '', goal]
  })
  return table([left('measure'), right('median'), right('range'), right('goal')], lines)
}

type Seconds = readonly [title: string, pick: (pass: Pass) => number, show?: typeof plain]

const SECONDS: readonly Seconds[] = [
  ['pass, from its beginning to its end', (pass) => pass.pass_ms / 1000],
  ['— before its first claim (boots)', (pass) => pass.boot_ms / 1000],
  ['— all rows, from the first claim to the last commit', (pass) => pass.rows_ms / 1000],
  ['— the schema, one lane beside the rows', (pass) => pass.schema_ms / 1000],
  ['batches of rows, lanes added up', (pass) => pass.rows_lane_ms / 1000],
  ['— their checksums', (pass) => pass.checksum_lane_ms / 1000],
  ['— their references', (pass) => pass.references_lane_ms / 1000],
  ['CPU of the source', (pass) => pass.source_cpu_seconds],
  ['CPU of the target', (pass) => pass.target_cpu_seconds],
  ['functions’ main threads without boots', (pass) => pass.main_thread_seconds, fine],
  ['functions’ threads without boots', (pass) => pass.cpu_seconds, fine],
  ['functions’ boots, all threads', (pass) => pass.boot_cpu_seconds, fine],
  ['command, whole', (pass) => pass.wall_ms / 1000],
]

/** Medians by pass. */
function timesTable(rounds: readonly VerificationRound[]): string[] {
  const passes = ['clean', 'damaged', 'repair', 'empty'] as const
  const lines = SECONDS.map(([title, pick, show = plain]) => [
    title,
    ...passes.map((name) => show(median(rounds.map((round) => pick(round[name]))))),
  ])
  const repair = plain(median(rounds.map((round) => round.repair.repair_ms / 1000)))
  return table(
    [
      left('seconds'),
      right('nothing differs'),
      right('10 rows differ'),
      right('proof of the repair'),
      right('tables without a row'),
    ],
    [...lines, ['the repair itself', '', '', repair, '']],
  )
}
