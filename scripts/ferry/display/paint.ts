/** Which colour a state has. */
import type pc from 'picocolors'

export type Colors = ReturnType<typeof pc.createColors>

export function paint(colors: Colors, state: string): (text: string) => string {
  switch (state) {
    case 'completed':
      return colors.green
    case 'running':
    case 'in sync':
    case 'catching up':
    case 'cutting over':
    case 'verifying':
      return colors.cyan
    case 'failed':
    case 'cancelled':
      return colors.red
    case 'halted':
    case 'paused':
    case 'parked':
      return colors.yellow
    default:
      return colors.dim
  }
}
