/**
 * A real browser without a window: Chromium from its npm package, with the libraries that a bare machine
 * lacks; where that package has no build for the machine, the Chrome that is installed there.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inflate } from '@sparticuz/chromium'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { afterAll } from 'vitest'

export interface OpenedPage {
  readonly page: Page
  /** What the page said on its console, and what it threw; a page that is well says nothing. */
  readonly complaints: string[]
  /** Addresses that it asked for, its own one left out. */
  readonly requests: string[]
}

/** A browser for the tests of one file, closed after the last. */
export async function openBrowser(): Promise<Browser> {
  const directory = mkdtempSync(join(tmpdir(), 'ferry-browser-'))
  const browser = await launch(directory)
  afterAll(async () => {
    await browser.close()
    rmSync(directory, { recursive: true, force: true })
  })
  return browser
}

/** Opens an address and keeps what goes on there. */
export async function openPage(
  browser: Browser,
  address: string,
  options: BrowserContextOptions = {},
): Promise<OpenedPage> {
  const context = await browser.newContext(options)
  const page = await context.newPage()
  const complaints: string[] = []
  const requests: string[] = []
  page.on('console', (message) => complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('request', (request) => {
    if (request.url() !== address) requests.push(request.url())
  })
  await page.goto(address)
  return { page, complaints, requests }
}

async function launch(directory: string): Promise<Browser> {
  // Tests often run as root, for whom Chromium has no sandbox; shared memory is small in containers.
  const args = ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu']
  const hasBuild = process.platform === 'linux' && process.arch === 'x64'
  if (!hasBuild) return chromium.launch({ channel: 'chrome', args })
  const { executablePath, libraries } = await unpack(directory)
  return chromium.launch({
    executablePath,
    args,
    env: { PATH: process.env.PATH ?? '', LD_LIBRARY_PATH: libraries, HOME: directory },
  })
}

/** The package unpacks into the temporary folder of its process, where others may do the same. */
async function unpack(directory: string): Promise<{ executablePath: string; libraries: string }> {
  const entry = fileURLToPath(import.meta.resolve('@sparticuz/chromium'))
  const packed = join(dirname(entry), '..', 'bin')
  const before = process.env.TMPDIR
  process.env.TMPDIR = directory
  try {
    const [executablePath, libraries] = await Promise.all([
      inflate(join(packed, 'chromium.br')),
      inflate(join(packed, 'al2023.tar.br')),
    ])
    return { executablePath, libraries: join(libraries, 'lib') }
  } finally {
    if (before === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = before
  }
}
