/**
 * A function's clock may be an hour off. Leases, back-off and stored times come from the database's clock,
 * because nothing in the engine or the functions reads the time of day at all: what they measure is
 * monotonic. And in the database one function alone reads it.
 */
import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Lines with the pattern, comments aside, as `file:line`. */
function lines(pattern: RegExp, ...globs: string[]): string[] {
  const files = globs.flatMap((glob) => globSync(glob, { cwd: root }))
  if (files.length < 10) throw new Error(`only ${files.length} files: the patterns are stale`)
  return files.flatMap((file) =>
    readFileSync(`${root}/${file}`, 'utf8')
      .split('\n')
      .flatMap((line, index) =>
        pattern.test(line.replace(/^\s*(\*|\/\/|\/\*|--).*/, '')) ? [`${file}:${index + 1}`] : [],
      ),
  )
}

describe('the time of day', () => {
  it('is read by no function and nowhere in the engine', () => {
    const wallClock =
      /\bDate\.now\b|\bnew Date\(\s*\)|\bDate\(\s*\)|\bTemporal\.|timeOrigin|process\.hrtime/
    expect(lines(wallClock, 'shared/**/*.ts', 'supabase/functions/**/*.ts')).toEqual([])
  })

  it('reaches leases and back-off through migration.clock() alone', () => {
    const time =
      /\b(clock_timestamp|statement_timestamp|transaction_timestamp|timeofday|current_timestamp)\b/
    const found = lines(time, 'supabase/migrations/*.sql')
    const allowed = found.filter((place) => !/_schema\.sql|_finish\.sql/.test(place))
    expect(allowed).toEqual([])
  })
})
