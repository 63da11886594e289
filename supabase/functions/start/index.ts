// Starts a migration from a plan: POST { plan } → 202 { migration_id, entities }.
import { z } from 'zod'
import { prepareMigration } from '../../../shared/plan/prepare.ts'
import { beginMigration } from '../../../shared/target/begin.ts'
import { control } from '../../../shared/target/control.ts'
import { answer } from '../_shared/answer.ts'
import { authorise } from '../_shared/authorise.ts'
import { readBody } from '../_shared/body.ts'
import { platform } from '../_shared/platform.ts'
import { resolveSecret } from '../_shared/secret.ts'
import { serve } from '../_shared/serve.ts'
import { sql } from '../_shared/target.ts'

const Body = z.strictObject({ plan: z.unknown() })
const { audit } = control(sql)

export default serve(platform, {
  name: 'start',
  method: 'POST',
  async handle(request) {
    const caller = await authorise(request, platform, {
      action: 'start',
      roles: ['migration_admin'],
      audit,
    })
    const { plan } = await readBody(request, Body)
    const prepared = await prepareMigration(plan, {
      resolveSecret: (name) => resolveSecret(name, platform, sql),
      sql,
    })
    const migration_id = await beginMigration(sql, prepared, caller.actor)
    return answer(202, { migration_id, entities: prepared.entities.length })
  },
})
