/** The embedded project: everything that commands, the demo and tests use of it. */
export { type DevOptions, type ProjectFile, runDev } from './dev.ts'
export type { FunctionLine } from './gateway/function-log.ts'
export type { IsolateReport } from './gateway/host.ts'
export { newSigningKey, type TokenClaims, type TokenOptions } from './gateway/keys.ts'
export {
  DEFAULT_LIMITS,
  type EndReason,
  type IsolateLimits,
  PAID_WALL_CLOCK,
} from './gateway/limits.ts'
export { type MigrateOptions, migrateUp } from './migrate.ts'
export { DEV_DIRECTORY, REPOSITORY } from './paths.ts'
export {
  bootstrapTarget,
  cloneDatabase,
  dropDatabase,
  ensureDatabase,
  sealTemplate,
} from './postgres/databases.ts'
export type { Server } from './postgres/server.ts'
export { openProject, type Project, type ProjectOptions } from './project.ts'
export { type Servers, type ServersOptions, startServers } from './servers.ts'
export type { CronWorker } from './workers/cron/worker.ts'
export type { NetFaults } from './workers/net/faults.ts'
export type { NetStats, NetWorker } from './workers/net/worker.ts'
