// Serves a plan before it is started: POST { action: discover | check | preview | save, … } → 200.
import { answer } from '../_shared/answer.ts'
import { authorise } from '../_shared/authorise.ts'
import { readBody } from '../_shared/body.ts'
import { platform } from '../_shared/platform.ts'
import { serve } from '../_shared/serve.ts'
import { migrations } from '../_shared/target.ts'
import { check, discover, preview, save } from './actions.ts'
import { Body, type Request } from './request.ts'

const admins = { action: 'plan', roles: ['migration_admin'], audit: migrations.audit } as const

export default serve(platform, {
  name: 'plan',
  method: 'POST',
  async handle(request) {
    const { actor } = await authorise(request, platform, admins)
    return answer(200, await act(await readBody(request, Body), actor))
  },
})

function act(asked: Request, actor: string): Promise<object> {
  switch (asked.action) {
    case 'discover':
      return discover(asked)
    case 'check':
      return check(asked)
    case 'preview':
      return preview(asked, actor)
    case 'save':
      return save(asked, actor)
  }
}
