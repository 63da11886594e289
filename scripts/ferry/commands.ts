/** What a topic's commands are added with. */
import type { Client } from './client.ts'
import type { Console } from './console.ts'
import type { ExitCode } from './exit.ts'

export type ProjectCommand = (client: Client, console: Console) => Promise<ExitCode>
export type LocalCommand = (console: Console) => Promise<ExitCode>

export interface Runners {
  /** Finds the project first. */
  project(run: ProjectCommand): Promise<void>
  /** On this machine. */
  local(run: LocalCommand): Promise<void>
  /** Whether options or environment name a project. */
  hasProject(): boolean
}
