/**
 * The steps of the batches that keep a target up to date, in the order in which a batch takes them. The
 * engine's failpoints of these kinds have these names, and so have the steps of the models that explore
 * every interleaving of them (`tests/model`): what the models show is said of the engine's own steps.
 */
export const syncSteps = [
  'look.claimed',
  'look.read',
  'look.completed',
  'look.committed',
  'sync.claimed',
  'sync.carved',
  'sync.begun',
  'sync.staged',
  'sync.applied',
  'sync.completed',
  'sync.committed',
  'reconcile.claimed',
  'reconcile.carved',
  'reconcile.compared',
  'reconcile.begun',
  'reconcile.staged',
  'reconcile.applied',
  'reconcile.completed',
  'reconcile.committed',
  'deletes.claimed',
  'deletes.begun',
  'deletes.applied',
  'deletes.completed',
  'deletes.committed',
  'log.claimed',
  'log.peeked',
  'log.begun',
  'log.recorded',
  'log.completed',
  'log.committed',
  'log.advanced',
] as const

export type SyncStep = (typeof syncSteps)[number]
