import { defineConfig } from 'vitest/config'

/** Files that need no server of the run; a few of them start one of their own. */
const WITHOUT_SERVERS = ['tests/unit/**/*.test.ts', 'tests/model/**/*.test.ts']

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    teardownTimeout: 30_000,
    projects: [
      { extends: true, test: { name: 'unit', include: WITHOUT_SERVERS } },
      {
        extends: true,
        test: {
          name: 'servers',
          include: ['tests/**/*.test.ts'],
          exclude: WITHOUT_SERVERS,
          globalSetup: ['tests/support/servers.ts'],
        },
      },
    ],
  },
})
