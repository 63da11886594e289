/** What sweeps cost, part by part, over one dataset in sync mode. */
import { dropDatabase } from '../../../scripts/local/index.ts'
import { databaseName } from '../dataset.ts'
import { right, table } from '../markdown.ts'
import type { BenchOptions } from '../options.ts'
import { median } from '../summary.ts'
import { measureUse, type Use } from '../use.ts'
import { follow } from './followed.ts'
import { type HashPassRound, measureHashPass } from './hash-pass.ts'
import { measureWindow, WATCHED, type WindowTimes, windowTables } from './window.ts'

/** What `--only` calls it. */
export const HASH_PASS = 'hash pass'

export interface SyncMeasurements {
  readonly use: Use
  readonly hash: readonly HashPassRound[]
  readonly window: WindowTimes
}

export async function measureSync(
  { directory, dataset, rounds }: BenchOptions,
  say: (line: string) => void,
): Promise<SyncMeasurements> {
  const sync = { strategy: 'timestamp', column: WATCHED }
  const entities = Array.from({ length: dataset.tables }, (_, at) => ({
    source: `public.item_${at}`,
    sync,
  }))
  const followed = await follow(directory, dataset, { entities })
  try {
    say('A comparison of all rows, beside a verification of the same …')
    const { use, result } = await measureUse(followed.servers, () =>
      measureHashPass(followed, rounds),
    )
    say('Sweeps by a column of times …')
    return { use, hash: result, window: await measureWindow(followed, rounds) }
  } finally {
    // Its rows are not those any more that its name promises.
    await dropDatabase(followed.servers.source, databaseName(dataset)).catch(() => undefined)
    await followed.stop()
  }
}

export function syncTables({ hash, window }: SyncMeasurements): string[] {
  const ratios = hash.map(({ hash_ms, verification_ms }) => hash_ms / verification_ms)
  const seconds = (pick: (round: HashPassRound) => number) =>
    (median(hash.map(pick)) / 1000).toFixed(1)
  const compared = table(
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
  return [...compared, '', ...windowTables(window)]
}
