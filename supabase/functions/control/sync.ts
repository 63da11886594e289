/** The verbs of incremental sync: a sweep now, going on after a halt, schedules, the cut-over. */
import { syncVerbs } from '../../../shared/target/sync-verbs.ts'
import { sql } from '../_shared/target.ts'
import { amendmentOf } from './amendment.ts'
import type { Request } from './request.ts'

type SyncAction = 'sync' | 'resume_sync' | 'schedule' | 'cutover' | 'abort_cutover'
type Asked = Extract<Request, { readonly action: SyncAction }>

export async function aboutSync(asked: Asked, actor: string): Promise<object> {
  const { migration_id: id } = asked
  const verbs = syncVerbs(sql)
  switch (asked.action) {
    case 'sync': {
      const { scope, allow_deletes: allowDeletes } = asked
      const amendment = await amendmentOf(id, asked.plan)
      return verbs.sync(id, actor, { scope, allowDeletes, amendment })
    }
    case 'resume_sync':
      return verbs.resumeSync(id, actor, await amendmentOf(id, asked.plan))
    case 'schedule': {
      const { scope, schedule, enabled } = asked
      return verbs.schedule(id, actor, { scope, schedule, enabled })
    }
    case 'cutover':
      return verbs.cutover(id, actor, { confirm: asked.confirm, dryRun: asked.dry_run })
    case 'abort_cutover':
      return verbs.abortCutover(id, actor)
  }
}
