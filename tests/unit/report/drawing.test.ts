/** The page of a report in a real browser: both lights, wide and narrow, to be seen and to be heard. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { page as pageOf } from '../../../scripts/report/page.ts'
import { openBrowser, openPage } from '../../support/browser.ts'
import { finding, migration, report, result, verification } from './reports.ts'

const HOSTILE = `<img src=x onerror="throw 1">`

const browser = await openBrowser()
const directory = mkdtempSync(join(tmpdir(), 'ferry-report-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const show = (name: string, text: string) => {
  const file = join(directory, `${name}.html`)
  writeFileSync(file, text)
  return pathToFileURL(file).href
}
const failed = report({
  migration: migration({
    plan_name: HOSTILE,
    status: 'failed',
    failure_code: 'verification_failed',
    failure_reason: HOSTILE,
  }),
  verification: verification({
    status: 'failed',
    issues_found: 3,
    results: [result({ status: 'failed', issues_found: 3 }), result({ check_name: HOSTILE })],
    findings_total: 3,
    findings_by_kind: { changed: 2, missing: 1 },
    findings: [finding(), finding({ row_key: ['2'] }), finding({ kind: 'missing' })],
  }),
})

test.each([
  { scheme: 'light', width: 1440 },
  { scheme: 'dark', width: 1440 },
  { scheme: 'light', width: 390 },
  { scheme: 'dark', width: 390 },
] as const)('is drawn $scheme and $width pixels wide', async ({ scheme, width }) => {
  const { page, complaints, requests } = await openPage(browser, show('failed', pageOf(failed)), {
    colorScheme: scheme,
    viewport: { width, height: 900 },
  })
  expect([complaints, requests]).toEqual([[], []])
  expect(await page.title()).toBe(`${HOSTILE}: failed`)
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width)
  expect(await page.evaluate('document.images.length + document.scripts.length')).toBe(0)

  const charts = page.locator('svg.chart:visible')
  expect(await charts.count()).toBe(3)
  // Three entities, each with a copy, steps and a verification; their rows, some refused, some filtered.
  expect(await charts.nth(1).locator('.mark').count()).toBe(9)
  expect(await charts.nth(2).locator('.mark').count()).toBe(5)
  for (let index = 0; index < 3; index++) {
    const box = await charts.nth(index).boundingBox()
    expect(box?.width).toBeGreaterThan(Math.min(width, 1200) * 0.8)
    expect(await charts.nth(index).getAttribute('aria-label')).toMatch(/\.$/)
  }
  const tone = await page.evaluate('getComputedStyle(document.body).backgroundColor')
  expect(tone).toBe(scheme === 'light' ? 'rgb(243, 245, 248)' : 'rgb(13, 19, 27)')

  expect(await page.locator('#findings-table tbody tr').allTextContents()).toEqual([
    'public.visitschanged4711notes, updated_atchecksumfailed',
    'public.visitschanged2notes, updated_atchecksumfailed',
    'public.visitsmissing4711notes, updated_atchecksumfailed',
  ])
  expect(await page.locator('#errors-table tbody td.number').allTextContents()).toEqual(['7'])
})

test('is readable by eye and ear in either light', async () => {
  for (const colorScheme of ['light', 'dark'] as const) {
    const { page } = await openPage(browser, show('contrast', pageOf(failed)), { colorScheme })
    const poor = (await page.evaluate(POOR_CONTRAST)) as string[]
    expect(poor).toEqual([])
    expect(await page.locator('main, header, footer').count()).toBe(3)
    expect(await page.locator('h1').count()).toBe(1)
    expect(
      await page.locator('table:not(:has(caption)), table:not(:has(th[scope=col]))').count(),
    ).toBe(0)
    expect(await page.locator('svg.chart:not([role=img][aria-label])').count()).toBe(0)
  }
})

/** Texts whose contrast with the nearest background is below 4.5 to 1. */
const POOR_CONTRAST = `(() => {
  const numbers = (color) => color.match(/[\\d.]+/g).map(Number)
  const light = (color) => numbers(color).slice(0, 3)
    .map((value) => value / 255)
    .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
    .reduce((sum, value, index) => sum + value * [0.2126, 0.7152, 0.0722][index], 0)
  const ground = (element) => {
    const color = getComputedStyle(element).backgroundColor
    return numbers(color)[3] === 0 && element.parentElement ? ground(element.parentElement) : color
  }
  return [...document.querySelectorAll('body *')]
    .filter((element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim()))
    .filter((element) => element.tagName !== 'title')
    .flatMap((element) => {
      const style = getComputedStyle(element)
      const text = light(element.closest('svg') ? style.fill : style.color)
      const paper = light(ground(element.closest('svg')?.parentElement ?? element))
      const ratio = (Math.max(text, paper) + 0.05) / (Math.min(text, paper) + 0.05)
      return ratio < 4.5 ? [element.tagName + ' ' + element.textContent + ' ' + ratio.toFixed(2)] : []
    })
})()`
