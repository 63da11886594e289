// Steers a migration: POST { action, migration_id, … } → 200 { migration_id, status, control_state }.
import { deadLetters } from '../../../shared/target/dead-letters.ts'
import { answer } from '../_shared/answer.ts'
import { authorise } from '../_shared/authorise.ts'
import { readBody } from '../_shared/body.ts'
import { platform } from '../_shared/platform.ts'
import { serve } from '../_shared/serve.ts'
import { migrations, sql } from '../_shared/target.ts'
import { amendmentOf } from './amendment.ts'
import { Body, type Request } from './request.ts'

const admins = {
  action: 'control',
  roles: ['migration_admin'],
  audit: migrations.audit,
} as const

export default serve(platform, {
  name: 'control',
  method: 'POST',
  async handle(request) {
    const { actor } = await authorise(request, platform, admins)
    return answer(200, await steer(await readBody(request, Body), actor))
  },
})

async function steer(asked: Request, actor: string): Promise<object> {
  const { action, migration_id: id } = asked
  if (action === 'verify') return migrations.verify(id, actor, asked.mode)
  if (action !== 'replay' && action !== 'resolve') return migrations[action](id, actor)
  const { entity, code, keys } = asked
  const choice = { entity, code, keys }
  const letters = deadLetters(sql)
  if (action === 'resolve') return letters.resolve(id, actor, choice, asked.notes)
  const amendment = asked.plan === undefined ? undefined : await amendmentOf(id, asked.plan)
  return letters.replay(id, actor, choice, amendment)
}
