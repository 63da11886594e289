// Steers a migration: POST { action, migration_id, … } → 200 { migration_id, status, control_state }.
import { dropUnneededSlots } from '../../../shared/sync/log/drop-slots.ts'
import { answer } from '../_shared/answer.ts'
import { authorise } from '../_shared/authorise.ts'
import { readBody } from '../_shared/body.ts'
import { platform } from '../_shared/platform.ts'
import { resolveSecret } from '../_shared/secret.ts'
import { serve } from '../_shared/serve.ts'
import { migrations, sql } from '../_shared/target.ts'
import { aboutDeadLetters } from './dead-letters.ts'
import { Body, type Request } from './request.ts'
import { aboutSync } from './sync.ts'

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
    const steered = await steer(await readBody(request, Body), actor)
    platform.waitUntil(
      dropUnneededSlots(platform, sql, (name) => resolveSecret(name, platform, sql)),
    )
    return answer(200, steered)
  },
})

async function steer(asked: Request, actor: string): Promise<object> {
  const { action, migration_id: id } = asked
  switch (action) {
    case 'verify':
      return migrations.verify(id, actor, asked.mode)
    case 'replay':
    case 'resolve':
      return aboutDeadLetters(asked, actor)
    case 'sync':
    case 'resume_sync':
    case 'schedule':
    case 'cutover':
    case 'abort_cutover':
      return aboutSync(asked, actor)
    default:
      return migrations[action](id, actor)
  }
}
