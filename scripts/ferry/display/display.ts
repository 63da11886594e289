/** How `watch` and `start --wait` show a migration: a live picture, lines for a log, or JSON events. */
import { stripVTControlCharacters } from 'node:util'
import { createLogUpdate } from 'log-update'
import { outcomeOf, type Report } from '../report.ts'
import { changes } from './changes.ts'
import { frame } from './frame.ts'

export interface Display {
  show(report: Report): void
  /** A remark that is not about progress, such as a lost connection. */
  note(text: string): void
  /** Leaves the terminal as it was found, the last picture included. */
  end(): void
}

export type DisplayKind = 'live' | 'lines' | 'json'

export interface Streams {
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
}

/** Live on a terminal that can move its cursor, lines elsewhere; colour unless the user minds. */
export function displayKind(
  json: boolean,
  stdout: { readonly isTTY?: boolean },
  environment: Readonly<Record<string, string | undefined>>,
): DisplayKind {
  if (json) return 'json'
  const capable = stdout.isTTY === true && environment.TERM !== 'dumb' && !environment.CI
  return capable ? 'live' : 'lines'
}

export function openDisplay(kind: DisplayKind, streams: Streams, color: boolean): Display {
  switch (kind) {
    case 'live':
      return liveDisplay(streams.stdout, color)
    case 'lines':
      return linesDisplay(streams)
    case 'json':
      return jsonDisplay(streams)
  }
}

function liveDisplay(stdout: NodeJS.WriteStream, color: boolean): Display {
  const update = createLogUpdate(stdout)
  let last: Report | undefined
  let remark = ''
  let drawn: string[] = []
  const draw = () => {
    if (last === undefined) return
    const { columns = 80, rows = 24 } = stdout
    const lines = frame(last, { columns, rows: remark === '' ? rows : rows - 1, color })
    drawn = remark === '' ? lines : [...lines, remark.slice(0, columns - 1)]
    update(drawn.join('\n'))
  }
  const resized = () => {
    // A narrower terminal folds the lines that are on it; the folded rest has to go as well.
    const { columns = 80 } = stdout
    const folded = extraRows(drawn, columns)
    update.clear()
    if (folded > 0) stdout.write('\u001B[1A\u001B[2K'.repeat(folded))
    draw()
  }
  stdout.on('resize', resized)
  return {
    show(report) {
      last = report
      remark = ''
      draw()
    },
    note(text) {
      remark = text
      draw()
    },
    end() {
      stdout.off('resize', resized)
      update.done()
    },
  }
}

/** Rows that `lines` take beyond one each on a terminal of that width. */
function extraRows(lines: readonly string[], columns: number): number {
  return lines.reduce((sum, line) => {
    const width = stripVTControlCharacters(line).length
    return sum + Math.max(0, Math.ceil(width / Math.max(1, columns)) - 1)
  }, 0)
}

function linesDisplay({ stdout, stderr }: Streams): Display {
  let last: Report | undefined
  return {
    show(report) {
      for (const line of changes(last, report)) stdout.write(`${line}\n`)
      last = report
    },
    note: (text) => void stderr.write(`${text}\n`),
    end: () => undefined,
  }
}

function jsonDisplay({ stdout, stderr }: Streams): Display {
  let last = ''
  return {
    show(report) {
      const outcome = outcomeOf(report.migration)
      const event = outcome === 'going' ? 'progress' : 'ended'
      const { migration, entities, sync } = report
      const swept = [sync?.state, sync?.sweep?.sweep_id, sync?.sweep?.status, sync?.cutover?.state]
      const facts = JSON.stringify([migration, entities, swept], withoutClock)
      if (facts !== last) stdout.write(`${JSON.stringify({ event, outcome, ...report })}\n`)
      last = facts
    },
    note: (text) => void stderr.write(`${text}\n`),
    end: () => undefined,
  }
}

/** Fields that change by time alone are no change worth an event. */
function withoutClock(name: string, value: unknown): unknown {
  return ['elapsed_seconds', 'throughput_per_second', 'eta_seconds'].includes(name) ? null : value
}
