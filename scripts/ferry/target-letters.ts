/** Dead letters of what `ferry run` has moved: asked of the target itself, which no function stands before. */
import { z } from 'zod'
import { control } from '../../shared/target/control.ts'
import { deadLetters } from '../../shared/target/dead-letters.ts'
import { ACTOR } from '../run/begin.ts'
import { at } from '../run/failure.ts'
import { DeadLetters, Resolved } from './answers.ts'
import type { Client } from './client.ts'
import { movedByRun } from './moved-by-run.ts'
import { Migration } from './report.ts'

type Letters = Pick<Client, 'list' | 'deadLetters' | 'resolve'>

/** @throws FerryError `target_*`; `migration_none` where `ferry run` has never been there */
export function atTarget<T>(address: string, work: (letters: Letters) => Promise<T>): Promise<T> {
  return movedByRun(address, (target) => {
    const letters = deadLetters(target)
    return work({
      list: async () =>
        z.array(Migration).parse(await at('target', control(target).listMigrations())),
      deadLetters: async (id, question) =>
        DeadLetters.parse(await at('target', letters.report(id, question))),
      resolve: async (id, choice, notes) =>
        Resolved.parse(await at('target', letters.resolve(id, ACTOR, choice, notes))),
    })
  })
}
