/** The page of a report: its numbers, its limits, and text that stays text. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { MigrationReport } from '../../../scripts/report/document.ts'
import { page } from '../../../scripts/report/page.ts'
import { writePage } from '../../../scripts/report/write-page.ts'
import { entity, finding, migration, report, result, verification } from './reports.ts'

/** What would be a script, an end of an attribute, of a style, of a comment, of an SVG text. */
const HOSTILE = `</style></svg></title><script>alert(1)</script><img src=x onerror="a()">'"&--><a href='`

describe('text stays text', () => {
  const text = page(hostile())

  test('a name is never markup, wherever it is shown', () => {
    expect(text.match(/<script|<img|<a[\s>]|onerror="/g)).toBeNull()
    expect(text.match(/&lt;script&gt;alert\(1\)/g)?.length).toBeGreaterThan(20)
    // Each is opened and closed by this program alone; charts are two drawings.
    for (const name of ['style', 'title', 'main', 'body']) {
      expect([name, text.match(new RegExp(`</${name}>`, 'g'))?.length]).toEqual([
        name,
        name === 'title' ? text.match(/<title>/g)?.length : 1,
      ])
    }
    expect(text.match(/<\/svg>/g)).toHaveLength(6)
  })

  test('the policy of the page forbids scripts and the network', () => {
    const [, policy = ''] = /Content-Security-Policy" content="([^"]*)"/.exec(text) ?? []
    expect(policy.split('; ')).toEqual([
      'default-src &#39;none&#39;',
      'style-src &#39;unsafe-inline&#39;',
      'img-src data:',
      'base-uri &#39;none&#39;',
      'form-action &#39;none&#39;',
    ])
    expect(text.match(/https?:\/\/(?!www\.w3\.org\/)/g)).toBeNull()
  })

  test('what turns the direction of reading is made visible', () => {
    const name = 'public.evil\u202Egnp\u0007'
    const shown = page(report({ entities: [entity(name, 0, 1, 10)] }))
    expect([...'\u202E\u0007'].filter((sign) => shown.includes(sign))).toEqual([])
    expect(shown).toContain('public.evil�gnp�')
  })
})

describe('limits', () => {
  test('findings that are cut off are told', () => {
    const findings = Array.from({ length: 200 }, (_none, index) =>
      finding({ row_key: [`key-${index}`] }),
    )
    const text = page(
      report({
        verification: verification({
          status: 'failed',
          issues_found: 5000,
          findings_total: 5000,
          findings_by_kind: { changed: 4321, missing: 679 },
          findings,
        }),
      }),
    )
    expect(text).toContain('The first 200 of 5,000 are listed')
    expect(text.match(/<code>key-\d+<\/code>/g)).toHaveLength(200)
    expect(text).toContain('<strong>4,321</strong> changed')
  })

  test('refused rows are told by reason, with what is left of them', () => {
    const text = page(report())
    expect(text).toContain('67 rows refused, 65 of them neither loaded since nor put away')
    const row = /<tr><th scope="row"><code>reference_missing<\/code><\/th>.*?<\/tr>/s.exec(
      text,
    )?.[0]
    expect(row).toContain('patient_id')
    expect(row?.replaceAll(/<[^>]*>/g, ' ')).toMatch(
      /public\.visits\s+patient\s+patient_id\s+60\s+58/,
    )
  })

  test('a thousand tables make one page of charts with 40 lines and tables with all', () => {
    const entities = Array.from({ length: 1000 }, (_none, index) =>
      entity(`public.table_${index}`, index / 30, index / 30 + 1 + (index % 50), 1000 + index),
    )
    const text = page(report({ entities }))
    expect(text).toContain('The 40 longest are shown, all 1,000 are in the table below.')
    expect(text).toContain('The 40 largest are shown, all 1,000 are in the table below.')
    expect(text.match(/<th scope="row">public\.table_\d+<\/th>/g)).toHaveLength(1000)
    expect(text.length).toBeLessThan(1_200_000)
  })

  test('of many results those that did not pass are in sight, the others unfold', () => {
    const results = Array.from({ length: 60 }, (_none, index) =>
      result({ entity_name: `public.t${index}`, status: index === 7 ? 'failed' : 'passed' }),
    )
    const text = page(report({ verification: verification({ status: 'failed', results }) }))
    const [before = '', after = ''] = text.split('<details>')
    expect(before.match(/<th scope="row">public\.t7<\/th>/g)).toHaveLength(1)
    expect(before).not.toContain('public.t8')
    expect(after).toContain('59 results passed')
  })
})

describe('a migration that has not come far', () => {
  const nothing = {
    entities: [],
    pace: null,
    steps: [],
    verification: null,
    errors: [],
    dead_letters: [],
    events: [],
    calls: { asked: 0, accepted: 0, lost: 0, batches: 0, retries: 0, deaths: 0 },
  }

  test('has a page without charts', () => {
    const pending = migration({
      status: 'pending',
      started_at: null,
      copied_at: null,
      finished_at: null,
      completed_at: null,
      records_processed: 0,
    })
    const text = page(report({ ...nothing, migration: pending }))
    expect(text).not.toContain('<svg class="chart')
    expect(text).toContain('This migration has not been verified yet.')
    expect(text).toContain('No error was met.')
    expect(text).not.toContain('id="refused"')
  })

  test('shows what runs up to now', () => {
    const { started_at } = migration()
    const running = {
      ...entity('public.visits', 0, 1, 10),
      status: 'running' as const,
      completed_at: null,
    }
    const text = page(report({ entities: [running], verification: null }))
    expect(running.started_at).toBe(started_at)
    expect(text).toContain('public.visits is not yet copied.')
  })

  test('tells why it failed', () => {
    const failed = migration({
      status: 'failed',
      failure_code: 'verification_failed',
      failure_reason: 'See <findings>.',
    })
    const text = page(report({ migration: failed }))
    expect(text).toContain('<strong>verification_failed</strong> See &lt;findings&gt;.')
  })
})

describe('the file', () => {
  const directory = mkdtempSync(join(tmpdir(), 'ferry-report-'))
  const file = join(directory, 'page.html')
  afterAll(() => rmSync(directory, { recursive: true, force: true }))

  test('takes the place of a report, of nothing else unless forced', async () => {
    await writePage(file, report(), false)
    const first = readFileSync(file, 'utf8')
    await writePage(file, report({ migration: migration({ plan_name: 'another' }) }), false)
    expect(readFileSync(file, 'utf8')).toContain('<h1>another</h1>')
    expect(first).toContain('<h1>clinic</h1>')

    writeFileSync(file, '<!doctype html>\n<html lang="en">my own page')
    await expect(writePage(file, report(), false)).rejects.toMatchObject({ code: 'file_exists' })
    expect(readFileSync(file, 'utf8')).toContain('my own page')
    await writePage(file, report(), true)
    expect(readFileSync(file, 'utf8')).toContain('<h1>clinic</h1>')
  })

  test('an empty file is not taken for a report, and a folder that is missing is told', async () => {
    writeFileSync(file, '')
    await expect(writePage(file, report(), false)).rejects.toMatchObject({ code: 'file_exists' })
    await expect(
      writePage(join(directory, 'none', 'page.html'), report(), false),
    ).rejects.toMatchObject({ code: 'file_unwritable' })
  })
})

/** Every text that comes from a plan or a database says the same. */
function hostile(): MigrationReport {
  const name = HOSTILE
  return MigrationReport.parse({
    ...report(),
    migration: migration({
      plan_name: name,
      status: 'failed',
      failure_code: name,
      failure_reason: name,
    }),
    entities: [
      { ...entity(name, 0, 4, 100), target_entity: name, records_failed: 5, records_filtered: 9 },
    ],
    steps: report().steps.map((step) => ({
      ...step,
      entity_name: name,
      kind: name,
      object_name: name,
      error_code: name,
    })),
    verification: verification({
      mode: name,
      results: [result({ entity_name: name, check_name: name })],
      findings_total: 1,
      findings_by_kind: { [name]: 1 },
      findings: [
        finding({
          entity_name: name,
          kind: name,
          check_name: name,
          row_key: [name],
          columns: [name],
          object_name: name,
          detail: { [name]: name },
        }),
        finding({ row_key: null, range_after: [name], range_through: [name] }),
      ],
    }),
    errors: report().errors.map((error) => ({
      ...error,
      entity_name: name,
      error_type: name,
      error_code: name,
      sqlstate: name,
    })),
    dead_letters: report().dead_letters.map((letter) => ({
      ...letter,
      entity_name: name,
      error_code: name,
      rule: name,
      columns: [name],
    })),
    events: [
      { type: 'performance_anomaly', at: report().reported_at, data: { [name]: name } },
      { type: name, at: report().reported_at, data: { list: [name] } },
    ],
  })
}
