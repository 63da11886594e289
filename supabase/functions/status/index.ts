// Progress as JSON: GET ?migration_id= → where a migration stands, with &report=full → all that a report
// shows of it; without an id → the list of migrations.
import { z } from 'zod'
import { answer } from '../_shared/answer.ts'
import { authorise } from '../_shared/authorise.ts'
import { platform } from '../_shared/platform.ts'
import { readQuery } from '../_shared/query.ts'
import { serve } from '../_shared/serve.ts'
import { sweep } from '../_shared/sweep.ts'
import { migrations } from '../_shared/target.ts'

const Query = z
  .strictObject({ migration_id: z.guid().optional(), report: z.literal('full').optional() })
  .refine(({ migration_id, report }) => report === undefined || migration_id !== undefined, {
    error: 'A full report is of one migration: give its migration_id, too.',
    path: ['migration_id'],
  })
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
    const { migration_id, report } = readQuery(request, Query)
    await sweep(migrations, platform)
    if (migration_id === undefined) return answer(200, await migrations.listMigrations())
    const read = report === undefined ? migrations.statusReport : migrations.migrationReport
    return answer(200, await read(migration_id))
  },
})
