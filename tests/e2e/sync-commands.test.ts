/** `ferry start`, `sync`, `schedule`, `status` and `cutover` of a migration that follows its source, as a shell calls them. */
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { assertExactCopy } from '../support/oracle.ts'
import { testProject } from '../support/project.ts'
import { fillSource } from '../support/sample.ts'
import { ferry } from './report-command.ts'
import { objectOf, refusalOf } from './run-command.ts'

const { project, sourceUrl, targetUrl } = await testProject({ faults: {} })
const source = postgres(sourceUrl, { max: 1, onnotice: () => undefined })
const folder = mkdtempSync(join(tmpdir(), 'ferry-sync-'))
const planFile = join(folder, 'plan.json')

beforeAll(async () => {
  await fillSource(sourceUrl, { rows: 3000, wide: 50 })
  writeFileSync(
    planFile,
    JSON.stringify({
      version: 1,
      name: 'followed',
      source: { secret: 'LEGACY_DATABASE_URL' },
      entities: '*',
      sync: { schedule: { changes: '3600 seconds', deletes: null, hash: null } },
    }),
  )
})
afterAll(() => source.end())

const call = (...args: string[]) =>
  ferry(['--url', project.url, '--key', project.keys.secret, ...args], folder)
const json = (...args: string[]) => call('--json', ...args)

test('a migration is followed and cut over by hand', { timeout: 240_000 }, async () => {
  const started = await call('start', planFile, '--wait', '--interval', '0.2')
  expect(started.code, started.err).toBe(0)
  expect(started.out).toContain('in sync')

  await source.unsafe(`update public.sample_1 set label = 'changed' where id in (1, 2, 3);
    delete from public.sample_2 where id in (select id from public.sample_2 order by id limit 4)`)
  const swept = await call('sync', '--scope', 'deletes', '--wait')
  expect(swept.code, swept.err).toBe(0)
  expect(swept.out).toMatch(/sample_1 +hash +3 updated/)
  expect(swept.out).toMatch(/sweep \(deletes\) completed in [\d.]+ s: 3 updated, 4 deleted/)
  await assertExactCopy({ source: sourceUrl, target: targetUrl })

  const looked = await call('status')
  expect(looked.code).toBe(0)
  expect(looked.out).toMatch(/followed [0-9a-f]{8} {2}in sync .*lag \d+s.*3 updated, 4 deleted/)
  const all = await call('status', '--all')
  expect(all.out.trim().split('\n')).toHaveLength(1)
  expect(all.out).toContain('in sync')

  const scheduled = await json('schedule', '--changes', '2 seconds', '--hash', '0 3 * * sun')
  expect(objectOf(scheduled)).toMatchObject({
    schedules: [
      { scope: 'changes', schedule: '2 seconds', enabled: true },
      { scope: 'hash', schedule: '0 3 * * sun', enabled: true },
    ],
  })
  expect(refusalOf(await json('schedule', '--changes', 'now and then'))).toBe('2 schedule_invalid')
  const off = await call('schedule', '--off')
  expect(off.out).toMatch(/changes {2}2 seconds +off/)

  const id = String((objectOf(scheduled) as { migration_id: string }).migration_id).slice(0, 8)
  expect(refusalOf(await json('cutover', id))).toBe('2 cutover_not_confirmed')
  const rehearsed = await call('cutover', id, '--dry-run')
  expect(rehearsed.code, rehearsed.out + rehearsed.err).toBe(0)
  expect(rehearsed.out).toContain('cut-over rehearsed')
  const done = await call('cutover', id, '--confirm', 'followed')
  expect(done.code, done.out + done.err).toBe(0)
  expect(done.out).toMatch(
    /freezing +[\d.]+ s[\s\S]*verifying +[\d.]+ s[\s\S]*downtime [\d.]+ s\ncut-over completed/,
  )
  const ended = await json('status', id)
  expect(objectOf(ended)).toMatchObject({
    migration: { status: 'completed', sync_state: null },
    sync: { state: 'cut_over', cutover: { state: 'completed' } },
  })
  expect(refusalOf(await json('sync', id))).toBe('2 already_cut_over')
  expect(refusalOf(await json('resume-sync', id))).toBe('2 sync_not_halted')
})
