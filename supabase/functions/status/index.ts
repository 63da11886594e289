// Progress as JSON: GET ?migration_id= → one report, without it → the list of migrations.
import { z } from 'zod'
import { answer } from '../_shared/answer.ts'
import { authorise } from '../_shared/authorise.ts'
import { platform } from '../_shared/platform.ts'
import { readQuery } from '../_shared/query.ts'
import { serve } from '../_shared/serve.ts'
import { sweep } from '../_shared/sweep.ts'
import { migrations } from '../_shared/target.ts'

const Query = z.strictObject({ migration_id: z.guid().optional() })
const readers = {
  action: 'status',
  roles: ['migration_admin', 'migration_analyst'],
  audit: migrations.audit,
} as const

export default serve(platform, {
  name: 'status',
  method: 'GET',
  async handle(request) {
    await authorise(request, platform, readers)
    const { migration_id } = readQuery(request, Query)
    await sweep(migrations, platform)
    if (migration_id === undefined) return answer(200, await migrations.listMigrations())
    return answer(200, await migrations.statusReport(migration_id))
  },
})
