/** Numbers and names as people read them. */

const GROUPED = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })

/** `1234567` → `1,234,567` */
export function grouped(count: number): string {
  return GROUPED.format(count)
}

/** Rows per second, short: `950/s`, `12.3k/s`, `1.2M/s`; empty where there is none. */
export function rate(perSecond: number | null): string {
  if (perSecond === null || !(perSecond > 0)) return ''
  if (perSecond < 10) return `${perSecond.toFixed(1)}/s`
  if (perSecond < 10_000) return `${grouped(perSecond)}/s`
  if (perSecond < 1_000_000) return `${(perSecond / 1000).toFixed(1)}k/s`
  return `${(perSecond / 1_000_000).toFixed(1)}M/s`
}

/** Seconds: `8s`, `4m 05s`, `2h 03m`, `3d 04h`; empty where unknown. */
export function duration(seconds: number | null): string {
  if (seconds === null || !Number.isFinite(seconds) || seconds < 0) return ''
  const whole = Math.ceil(seconds)
  if (whole < 60) return `${whole}s`
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${padded(whole % 60)}s`
  const minutes = Math.floor(whole / 60)
  if (minutes < 1440) return `${Math.floor(minutes / 60)}h ${padded(minutes % 60)}m`
  const hours = Math.floor(minutes / 60)
  return `${Math.floor(hours / 24)}d ${padded(hours % 24)}h`
}

/** Rounded down, so that 100 % is said only when nothing is left. */
export function percent(share: number): string {
  return `${Math.floor(share * 100)}%`
}

/** A bar of `width` cells, in eighths of a cell. */
export function bar(share: number, width: number): string {
  const eighths = Math.floor(Math.min(1, Math.max(0, share)) * width * 8)
  const full = '█'.repeat(Math.floor(eighths / 8))
  const partial = eighths % 8 === 0 ? '' : String.fromCodePoint(0x2590 - (eighths % 8))
  return (full + partial).padEnd(width, '░')
}

/**
 * Text from a database made safe for a terminal: a table may be named with control sequences or
 * characters that reverse the reading direction.
 */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '�')
}

function padded(value: number): string {
  return String(value).padStart(2, '0')
}

/** Text cut to `width` characters. */
export function clipped(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`
}
