/** What stands around the tables in the documentation, and writing them there. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { replaceSection } from './markdown.ts'
import type { Measurement } from './rounds.ts'
import { percent } from './summary.ts'

const DOCUMENT = join(import.meta.dirname, '../../docs/performance.md')

/** Above this share of the processors, taken by others, times tell of the machine. */
const NOISE = 0.05

/** Options that say where something is kept on this machine, or that do not change what is measured. */
const LOCAL_OPTIONS = new Set(['--directory', '--json', '--tree'])

/** The command that measures the same again. @param args as they were given */
export function repeatLine(args: readonly string[]): string {
  const kept: string[] = []
  for (let at = 0; at < args.length; at += 1) {
    const arg = args[at] ?? ''
    const [name = ''] = arg.split('=')
    if (arg === '--write') continue
    if (!LOCAL_OPTIONS.has(name)) kept.push(/[\s|]/.test(arg) ? `'${arg}'` : arg)
    else if (arg === name) at += 1
  }
  const command = ['npm run bench', ...(kept.length > 0 ? ['--', ...kept] : [])].join(' ')
  return `Repeat with \`${command}\`; \`--write\` puts the result here.`
}

/** A warning where the machine was not quiet; nothing where it was. */
export function noiseLines(
  measurements: readonly Pick<Measurement, 'foreign_cpu_share'>[],
): string[] {
  const most = Math.max(0, ...measurements.map((each) => each.foreign_cpu_share))
  if (most < NOISE) return []
  return [
    `The machine was not quiet: others took up to ${percent(most)} of its processors. Measure again.`,
    '',
  ]
}

/** @param name of the marked section in docs/performance.md */
export function writeSection(name: string, lines: readonly string[]): void {
  writeFileSync(DOCUMENT, replaceSection(readFileSync(DOCUMENT, 'utf8'), name, lines))
}
