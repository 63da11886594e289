// Works off batches: POST { migration_id, nonce } from the database → 202, then claims, copies, commits.
import { z } from 'zod'
import { acceptCall } from '../../../shared/batch/accept.ts'
import { openSource } from '../../../shared/source/connect.ts'
import { openLaneTarget } from '../../../shared/target/connect.ts'
import { answer } from '../_shared/answer.ts'
import { readBody } from '../_shared/body.ts'
import { platform } from '../_shared/platform.ts'
import { resolveSecret } from '../_shared/secret.ts'
import { serve } from '../_shared/serve.ts'
import { targetAddress } from '../_shared/target.ts'

const Body = z.strictObject({ migration_id: z.guid(), nonce: z.string().regex(/^[0-9a-f]{64}$/) })

export default serve(platform, {
  name: 'process-batch',
  method: 'POST',
  async handle(request) {
    const { migration_id, nonce } = await readBody(request, Body)
    const accepted = await acceptCall(platform, migration_id, nonce, {
      openTarget: () => openLaneTarget(targetAddress()),
      openSource,
      address: (name, target) => resolveSecret(name, platform, target),
    })
    return answer(accepted ? 202 : 200, { accepted })
  },
})
