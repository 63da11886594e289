/** What sweeps cost, part by part, over one dataset in sync mode. */
import { right, table } from '../markdown.ts'
import type { BenchOptions } from '../options.ts'
import { median } from '../summary.ts'
import { measureUse, type Use } from '../use.ts'
import { follow } from './followed.ts'
import { type HashPassRound, measureHashPass } from './hash-pass.ts'

/** What `--only` calls it. */
export const HASH_PASS = 'hash pass'

export interface SyncMeasurements {
  readonly use: Use
  readonly hash: readonly HashPassRound[]
}

export async function measureSync(
  { directory, dataset, rounds }: BenchOptions,
  say: (line: string) => void,
): Promise<SyncMeasurements> {
  const followed = await follow(directory, dataset)
  try {
    say('A comparison of all rows, beside a verification of the same …')
    const { use, result } = await measureUse(followed.servers, () =>
      measureHashPass(followed, rounds),
    )
    return { use, hash: result }
  } finally {
    await followed.stop()
  }
}

export function syncTables({ hash }: SyncMeasurements): string[] {
  const ratios = hash.map(({ hash_ms, verification_ms }) => hash_ms / verification_ms)
  const seconds = (pick: (round: HashPassRound) => number) =>
    (median(hash.map(pick)) / 1000).toFixed(1)
  return table(
    [
      { title: 'comparison of all rows, nothing differs' },
      right('sweep (s)'),
      right('verification (s)'),
      right('ratio'),
      right('goal'),
    ],
    [
      [
        'median of rounds',
        seconds(({ hash_ms }) => hash_ms),
        seconds(({ verification_ms }) => verification_ms),
        median(ratios).toFixed(2),
        '1.2',
      ],
    ],
  )
}
