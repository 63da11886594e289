/** Dead letters of what `ferry run` has moved: asked of the target itself, which no function stands before. */
import { z } from 'zod'
import { openTarget } from '../../shared/target/connect.ts'
import { control } from '../../shared/target/control.ts'
import { deadLetters } from '../../shared/target/dead-letters.ts'
import { ACTOR } from '../run/begin.ts'
import { at, refusal } from '../run/failure.ts'
import { inspectTarget } from '../run/server.ts'
import { DeadLetters, Resolved } from './answers.ts'
import type { Client } from './client.ts'
import { Migration } from './report.ts'

type Letters = Pick<Client, 'list' | 'deadLetters' | 'resolve'>

/** @throws FerryError `target_*`; `migration_none` where `ferry run` has never been there */
export async function atTarget<T>(address: string, work: (letters: Letters) => Promise<T>) {
  const target = openTarget(address)
  try {
    const { has_control } = await inspectTarget(target)
    if (!has_control) {
      throw refusal(
        'migration_none',
        'The target has no migration.',
        'Check --target; "ferry run --forget" removes the records of migrations.',
      )
    }
    const letters = deadLetters(target)
    return await work({
      list: async () =>
        z.array(Migration).parse(await at('target', control(target).listMigrations())),
      deadLetters: async (id, question) =>
        DeadLetters.parse(await at('target', letters.report(id, question))),
      resolve: async (id, choice, notes) =>
        Resolved.parse(await at('target', letters.resolve(id, ACTOR, choice, notes))),
    })
  } finally {
    await target.end({ timeout: 1 })
  }
}
