// Progress as JSON: GET ?migration_id= → one report, without it → the list of migrations.
import { z } from 'zod'
import { control } from '../../../shared/target/control.ts'
import { answer } from '../_shared/answer.ts'
import { authorise } from '../_shared/authorise.ts'
import { platform } from '../_shared/platform.ts'
import { readQuery } from '../_shared/query.ts'
import { serve } from '../_shared/serve.ts'
import { sweep } from '../_shared/sweep.ts'
import { sql } from '../_shared/target.ts'

const Query = z.strictObject({ migration_id: z.guid().optional() })
const migrations = control(sql)

export default serve(platform, {
  name: 'status',
  method: 'GET',
  async handle(request) {
    await authorise(request, platform, {
      action: 'status',
      roles: ['migration_admin', 'migration_analyst'],
      audit: migrations.audit,
    })
    const { migration_id } = readQuery(request, Query)
    await sweep(migrations, platform)
    return answer(
      200,
      migration_id === undefined
        ? await migrations.listMigrations()
        : await migrations.statusReport(migration_id),
    )
  },
})
