/** `ferry report`: over what functions have really moved, and the page in a real browser. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import postgres, { type Sql } from 'postgres'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MigrationReport } from '../../scripts/report/document.ts'
import { move } from '../fidelity/move.ts'
import { openBrowser, openPage } from '../support/browser.ts'
import { testProject } from '../support/project.ts'
import { fillSource } from '../support/sample.ts'
import { ferry } from './report-command.ts'

const ROWS = 3000
const HOSTILE = `<img src=x onerror="throw 1">`

const fixture = await testProject()
const browser = await openBrowser()
const directory = mkdtempSync(join(tmpdir(), 'ferry-report-'))
let target: Sql
let id: string

beforeAll(async () => {
  const tables = ['sample_1', 'sample_2', HOSTILE]
  await fillSource(fixture.sourceUrl, { rows: ROWS, tables, wide: 64 })
  target = postgres(fixture.targetUrl, { max: 1, onnotice: () => undefined })
  id = await move({
    project: fixture.project,
    targetUrl: fixture.targetUrl,
    source: fixture.readerUrl,
    plan: { name: 'report', settings: { batch_rows: 100, lanes: 2 } },
  })
})
afterAll(async () => {
  await target.end()
  rmSync(directory, { recursive: true, force: true })
})

/** As a shell would call it, in a folder of its own. */
function call(...options: string[]) {
  const { url, keys } = fixture.project
  return ferry(['--url', url, '--key', keys.secret, ...options], directory)
}

describe('the document', () => {
  test('adds up to what the database has counted', async () => {
    const { code, out, err } = await call('--json', 'report')
    expect(code, err).toBe(0)
    const document = MigrationReport.parse(JSON.parse(out))
    const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0)
    expect(document.migration).toMatchObject({ migration_id: id, records_processed: ROWS })
    expect(document.entities.map(({ records_processed }) => records_processed)).toEqual([
      1000, 1000, 1000,
    ])
    const { pace } = document
    expect(sum(pace?.copied ?? [])).toBe(ROWS)
    expect(sum(pace?.bytes ?? [])).toBe(sum(document.entities.map(({ bytes }) => bytes)))
    expect(sum(pace?.verified ?? [])).toBeGreaterThanOrEqual(ROWS)
    expect(pace?.copied.length).toBeLessThanOrEqual(200)
    expect(
      new Set([pace?.copied, pace?.verified, pace?.calls].map((part) => part?.length)).size,
    ).toBe(1)

    const [counted] = await target`
      select count(*) filter (where kind = 'copy')::integer as copy, count(*)::integer as batches
        from migration.batches`
    expect(document.calls.batches).toBe(counted?.batches)
    expect(sum(document.entities.map(({ batches }) => batches))).toBe(counted?.copy)
    expect(document.verification).toMatchObject({
      status: 'passed',
      findings_total: 0,
      findings: [],
    })
    expect(document.verification?.results.length).toBeGreaterThanOrEqual(6)
    for (const entity of document.entities) {
      const { started_at, completed_at, verify_started_at, verify_completed_at } = entity
      const times = [started_at, completed_at, verify_started_at, verify_completed_at]
      expect(times.map((time) => Date.parse(String(time)))).toEqual(
        times.map((time) => Date.parse(String(time))).toSorted((a, b) => a - b),
      )
    }
    // Positions of batches are values of rows.
    expect(out).not.toMatch(/last_processed_id|range_after":\[/)
  })

  test('is for readers of status alone, and of one migration', async () => {
    const { url, keys } = fixture.project
    const ask = async (query: string, key: string) => {
      const address = `${url}/functions/v1/status?${query}`
      return (await fetch(address, { headers: { apikey: key } })).status
    }
    const full = `migration_id=${id}&report=full`
    expect(await ask(full, keys.secret)).toBe(200)
    expect(await ask(full, keys.publishable)).toBe(403)
    expect(await ask('report=full', keys.secret)).toBe(400)
    expect(await ask(`migration_id=${id}&report=all`, keys.secret)).toBe(400)
    expect(await ask(full.replace(id, crypto.randomUUID()), keys.secret)).toBe(404)
  })

  test('is bounded for 100,000 batches', async () => {
    const large = crypto.randomUUID()
    const batches = 100_000
    await fillBatches(target, large, batches)
    const [row] = await target<{ report: MigrationReport }[]>`
      select migration.migration_report(${large}) as report`
    await target`delete from migration.orchestrations where id = ${large}`
    const { pace, calls } = MigrationReport.parse(row?.report)
    expect(pace?.copied).toHaveLength(200)
    expect(pace?.copied.reduce((sum, rows) => sum + rows, 0)).toBe(batches * 1000)
    expect(calls.batches).toBe(batches)
    expect(JSON.stringify(row?.report).length).toBeLessThan(20_000)
  })
})

describe('the command', () => {
  test('prints a summary and writes a page, over which only a report is written', async () => {
    const first = await call('report', id.slice(0, 8))
    expect([first.code, first.err]).toEqual([0, `written: ferry-report-${id}.html\n`])
    expect(first.out).toContain(`report ${id.slice(0, 8)}  completed`)
    expect(first.out).toContain('rows      3,000 moved, 0 refused, 0 filtered')
    const file = join(directory, `ferry-report-${id}.html`)
    expect(readFileSync(file, 'utf8')).toContain(id)
    expect((await call('report')).code).toBe(0)

    writeFileSync(file, 'my notes')
    const refused = await call('report')
    expect([refused.code, refused.err.split(':')[0]]).toEqual([2, 'error file_exists'])
    expect(readFileSync(file, 'utf8')).toBe('my notes')
    expect((await call('report', '--no-html')).code).toBe(0)
    expect(readFileSync(file, 'utf8')).toBe('my notes')
    expect((await call('report', '--force')).code).toBe(0)
    expect(readFileSync(file, 'utf8')).toContain('data-report="supaferry"')
  })

  test('asks a target directly as well', async () => {
    const { code, out, err } = await ferry(
      ['--json', 'report', '--target', fixture.targetUrl],
      directory,
    )
    expect(code, err).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ migration: { migration_id: id } })
    const source = await ferry(['report', '--target', fixture.sourceUrl], directory)
    expect([source.code, source.err.split(':')[0]]).toEqual([2, 'error migration_none'])
  })
})

describe('the page in a browser', () => {
  test('of what was moved is complete, silent and alone', async () => {
    const file = join(directory, 'moved.html')
    expect((await call('report', '--html', file)).code).toBe(0)
    const { page, complaints, requests } = await openPage(browser, pathToFileURL(file).href)
    expect(await page.title()).toBe('report: completed')
    expect(await page.locator('#tile-moved .big').textContent()).toBe('3,000')
    expect(await page.locator('#entities-table tbody tr').count()).toBe(3)
    expect(await page.locator('#entities-table tbody th').allTextContents()).toContain(
      `public.${HOSTILE}`,
    )
    expect(await page.locator('#results tbody tr').count()).toBeGreaterThanOrEqual(6)
    expect(await page.locator('#timeline-heading').count()).toBe(1)
    expect([complaints, requests]).toEqual([[], []])
  })
})

/** A finished migration of one entity in that many batches of a thousand rows, one after another. */
async function fillBatches(sql: Sql, id: string, count: number): Promise<void> {
  const began = new Date('2026-01-01T00:00:00Z')
  await sql`
    insert into migration.orchestrations (id, status, started_at, total_entities, created_by, plan,
      plan_fingerprint, source_fingerprint)
    values (${id}, 'running', ${began}, 1, 'test', '{"name": "large"}', 'a', 'b')`
  await sql`select migration._create_batch_partition(${id})`
  await sql`
    with entity as (
      insert into migration.entity_statuses (migration_id, entity_name, target_entity, dependency_order,
        status, started_at, batch_size, definition)
      values (${id}, 'public.large', 'public.large', 1, 'running', ${began}, 1000, '{}') returning id)
    insert into migration.batches (migration_id, entity_status_id, dependency_order, batch_number,
      batch_size, status, records_read, records_successful, bytes, started_at, completed_at,
      processing_duration_ms, max_retries, range_after, row_limit)
    select ${id}, entity.id, 1, n, 1000, 'completed', 1000, 1000, 65536,
           ${began}::timestamptz + n * interval '30 ms', ${began}::timestamptz + n * interval '30 ms' + interval '90 ms',
           90, 3, jsonb_build_array(n::text), 1000
      from entity, generate_series(1, ${count}::integer) n`
}
