// Progress as JSON: GET ?migration_id= → where a migration stands, with &report=full → all that a report
// shows of it, with &dead_letters= → its refused rows; without an id → the list of migrations.
import { deadLetters } from '../../../shared/target/dead-letters.ts'
import { answer } from '../_shared/answer.ts'
import { authorise } from '../_shared/authorise.ts'
import { platform } from '../_shared/platform.ts'
import { readQuery } from '../_shared/query.ts'
import { serve } from '../_shared/serve.ts'
import { sweep } from '../_shared/sweep.ts'
import { migrations, sql } from '../_shared/target.ts'
import { Query, type Question } from './query.ts'

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
    const question = readQuery(request, Query)
    await sweep(migrations, platform)
    return answer(200, await read(question))
  },
})

async function read(question: Question): Promise<unknown> {
  const {
    migration_id: id,
    report,
    dead_letters: state,
    entity,
    code,
    limit = 100,
    after,
  } = question
  if (id === undefined) return migrations.listMigrations()
  if (state !== undefined) return deadLetters(sql).report(id, { state, entity, code, limit, after })
  return report === undefined ? migrations.statusReport(id) : migrations.migrationReport(id)
}
