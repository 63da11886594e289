// Starts a migration from a plan: POST { plan } → 202 { migration_id, entities, notes }.
import { z } from 'zod'
import { prepareMigration } from '../../../shared/start/prepare.ts'
import { beginMigration } from '../../../shared/target/begin.ts'
import { answer } from '../_shared/answer.ts'
import { authorise } from '../_shared/authorise.ts'
import { readBody } from '../_shared/body.ts'
import { configurationOf } from '../_shared/configuration.ts'
import { platform } from '../_shared/platform.ts'
import { refused } from '../_shared/problems.ts'
import { resolveSecret as secretAddress } from '../_shared/secret.ts'
import { serve } from '../_shared/serve.ts'
import { migrations, sql } from '../_shared/target.ts'

const admins = { action: 'start', roles: ['migration_admin'], audit: migrations.audit } as const
const resolveSecret = (name: string) => secretAddress(name, platform, sql)

export default serve(platform, {
  name: 'start',
  method: 'POST',
  async handle(request) {
    const { actor } = await authorise(request, platform, admins)
    const { plan } = await readBody(request, z.strictObject({ plan: z.unknown() }))
    const { prepared, problems } = await prepareMigration({ plan, target: sql, resolveSecret })
    if (prepared === undefined) throw refused(problems)
    const { entities, lanes, notes } = prepared
    const how = { ...configurationOf(prepared.plan, platform), lanes }
    const migration_id = await beginMigration(sql, prepared, how, actor)
    return answer(202, { migration_id, entities: entities.length, notes })
  },
})
