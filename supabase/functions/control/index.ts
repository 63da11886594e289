// Steers a migration: POST { action, migration_id } → 200 { migration_id, status, control_state }.
import { z } from 'zod'
import { answer } from '../_shared/answer.ts'
import { authorise } from '../_shared/authorise.ts'
import { readBody } from '../_shared/body.ts'
import { platform } from '../_shared/platform.ts'
import { serve } from '../_shared/serve.ts'
import { migrations } from '../_shared/target.ts'

const migration_id = z.guid()
const Body = z.discriminatedUnion('action', [
  z.strictObject({
    action: z.enum(['pause', 'resume', 'cancel', 'retry', 'repair']),
    migration_id,
  }),
  z.strictObject({
    action: z.literal('verify'),
    migration_id,
    /** The plan's where absent. */
    mode: z.enum(['counts', 'sample', 'full']).optional(),
  }),
])
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
    const body = await readBody(request, Body)
    const { action, migration_id } = body
    if (action !== 'verify') return answer(200, await migrations[action](migration_id, actor))
    return answer(200, await migrations.verify(migration_id, actor, body.mode))
  },
})
