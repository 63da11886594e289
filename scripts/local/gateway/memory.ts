/** What the next run of the same project should know: its port, and the socket folder to remove. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'

export const SOCKET_PREFIX = 'ferry-fn-'

export interface Remembered {
  readonly port?: number
  readonly socketDirectory?: string
}

export function recall(file: string): Remembered {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Remembered
  } catch {
    return {}
  }
}

/** Removes the socket folder that was remembered so far. */
export function remember(file: string, next: Remembered): void {
  const { socketDirectory } = recall(file)
  // Only a folder of our own naming is ever removed, whatever the file says.
  if (socketDirectory && basename(socketDirectory).startsWith(SOCKET_PREFIX)) {
    rmSync(socketDirectory, { recursive: true, force: true })
  }
  writeFileSync(file, JSON.stringify(next))
}
