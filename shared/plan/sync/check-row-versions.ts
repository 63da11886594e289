/** Strategies that ask which transaction wrote a row: not every table can say it. */
import type { SyncStrategy } from '../../projection/sync.ts'
import type { World } from '../mapping/world.ts'
import { nameOf } from '../selection.ts'
import { leavesOf } from './leaves.ts'
import type { SyncScope } from './scope.ts'

export function checkRowVersions(scope: SyncScope, strategy: SyncStrategy, world: World): void {
  for (const leaf of leavesOf(scope.table, world.catalog)) {
    if (leaf.heap) continue
    scope.problem('strategy', {
      code: 'sync_xmin_unsupported',
      message: `The rows of ${nameOf(leaf)} do not say which transaction wrote them, and the strategy ${strategy} asks for it.`,
      hint: 'Choose the strategy hash, which compares the rows.',
    })
  }
}
