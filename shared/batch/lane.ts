/**
 * A lane: the one target connection and the source connections of a call. The batch protocol needs
 * claim and load on the same server process, because the watchdog ends that process when the lease
 * runs out; so a lane never shares its connection.
 */
import type { Sql } from 'postgres'
import type { Source } from '../source/source.ts'
import { type Control, control } from '../target/control.ts'
import type { Client } from '../wire/client.ts'
import type { Tap } from '../wire/tap.ts'

export interface LaneDependencies {
  /** A client of exactly one connection to the target. */
  readonly openTarget: () => Client
  readonly openSource: (address: string) => Source
  /** The address behind a secret's name. @throws FerryError `secret_unknown` */
  readonly address: (secretName: string, target: Sql) => Promise<string>
}

export interface Lane {
  readonly target: Sql
  /** The tap on the target's connection. */
  readonly tap: () => Tap
  readonly control: Control
  /** The address behind a secret's name. @throws FerryError `secret_unknown` */
  address(secretName: string): Promise<string>
  /** The source behind a secret's name, opened once a call. @throws `secret_unknown` */
  source(secretName: string): Promise<Source>
  /** Throws every connection away: after any failure their state is unknown. */
  discard(): Promise<void>
  close(): Promise<void>
}

export function openLane(dependencies: LaneDependencies): Lane {
  const { sql: target, tap } = dependencies.openTarget()
  const controlled = control(target)
  const sources = new Map<string, Source>()
  const closeSources = async () => {
    const open = [...sources.values()]
    sources.clear()
    await Promise.allSettled(open.map((source) => source.close()))
  }
  return {
    target,
    tap,
    control: controlled,
    address: (secretName) => dependencies.address(secretName, target),
    async source(secretName) {
      const open = sources.get(secretName)
      if (open !== undefined) return open
      const source = dependencies.openSource(await dependencies.address(secretName, target))
      sources.set(secretName, source)
      return source
    },
    async discard() {
      await Promise.allSettled([closeSources(), target.end({ timeout: 0 })])
    },
    async close() {
      await Promise.allSettled([closeSources(), target.end({ timeout: 5 })])
    },
  }
}
