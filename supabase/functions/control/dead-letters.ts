/** The verbs about refused rows. */
import { deadLetters } from '../../../shared/target/dead-letters.ts'
import { sql } from '../_shared/target.ts'
import { amendmentOf } from './amendment.ts'
import type { Request } from './request.ts'

type Asked = Extract<Request, { readonly action: 'replay' | 'resolve' }>

export async function aboutDeadLetters(asked: Asked, actor: string): Promise<object> {
  const { migration_id: id, entity, code, keys } = asked
  const choice = { entity, code, keys }
  const letters = deadLetters(sql)
  if (asked.action === 'resolve') return letters.resolve(id, actor, choice, asked.notes)
  return letters.replay(id, actor, choice, await amendmentOf(id, asked.plan))
}
