/** Times, sizes and names as a report writes them. */
import { duration } from '../ferry/display/format.ts'

/** Seconds from `from` to `to`; undefined where either is unknown. */
export function secondsBetween(
  from: string | null | undefined,
  to: string | null | undefined,
): number | undefined {
  if (!from || !to) return undefined
  return Math.max(0, (Date.parse(to) - Date.parse(from)) / 1000)
}

/** Seconds: `< 0.01 s`, `0.04 s`, `8.2 s`, `4m 05s`. */
export function took(seconds: number | undefined): string {
  if (seconds === undefined) return '–'
  if (seconds > 0 && seconds < 0.005) return '< 0.01 s'
  if (seconds < 0.995) return `${seconds.toFixed(2)} s`
  return seconds < 59.95 ? `${seconds.toFixed(1)} s` : duration(seconds)
}

/** A tick of a time axis: `0`, `1.5s`, `45s`, `2m`, `1h 30m`. */
export function tick(seconds: number): string {
  if (seconds < 60) return seconds === 0 ? '0' : `${Number(seconds.toFixed(2))}s`
  const minutes = Math.floor(seconds / 60)
  const rest = Math.round(seconds % 60)
  if (minutes < 60) return rest === 0 ? `${minutes}m` : `${minutes}m ${rest}s`
  const hours = Math.floor(minutes / 60)
  const left = minutes % 60
  return left === 0 ? `${hours}h` : `${hours}h ${left}m`
}

const STEPS = [
  0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200,
  14_400, 21_600, 43_200, 86_400,
]

/** Seconds between two ticks of an axis of `span` seconds with about `count` of them. */
export function tickEvery(span: number, count: number): number {
  const wanted = span / count
  return STEPS.find((step) => step >= wanted) ?? Math.ceil(wanted / 86_400) * 86_400
}

/** `1.2 GiB`, `340 KiB`. */
export function bytes(size: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let value = size
  let unit = 0
  for (; value >= 1023.5 && unit < units.length - 1; unit++) value /= 1024
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`
}

/** A large count in few signs, for an axis: `1.5M`, `300k`. */
export function short(count: number): string {
  if (count >= 1_000_000) return `${Number((count / 1_000_000).toFixed(1))}M`
  return count >= 1000 ? `${Number((count / 1000).toFixed(1))}k` : String(Number(count.toFixed(1)))
}

/** `2026-01-02 03:04:05 UTC` */
export function clockTime(at: string): string {
  return `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`
}

/** `referential_integrity` → `referential integrity` */
export function words(name: string): string {
  return name.replaceAll('_', ' ')
}

/** `1 row`, `2 rows` */
export function plural(count: number, noun: string): string {
  return `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`
}

/** Names, codes and counts that go with an event or a finding: `lanes 4, side source`. */
export function facts(data: Readonly<Record<string, unknown>>): string {
  return Object.entries(data)
    .map(([name, value]) => `${words(name)} ${factText(value)}`)
    .join(', ')
}

function factText(fact: unknown): string {
  if (typeof fact === 'number') return fact.toLocaleString('en-US')
  return typeof fact === 'string' ? fact : JSON.stringify(fact)
}
