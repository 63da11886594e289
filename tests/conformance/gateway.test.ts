/** The gateway of the embedded project: limits enforced by killing, keys, tokens, lifetime. */
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { newSigningKey } from '../../scripts/local/index.ts'
import { REPOSITORY } from '../../scripts/local/paths.ts'
import { isAlive } from '../../scripts/local/processes/identity.ts'
import { eventually } from '../support/eventually.ts'
import { testProject } from '../support/project.ts'

const fixtures = join(REPOSITORY, 'tests', 'support', 'fixtures')
const WALL_CLOCK = 8000
const { project } = await testProject({
  faults: {},
  functionsDirectory: join(fixtures, 'functions'),
  configFile: join(fixtures, 'config.toml'),
  limits: {
    wallClockMilliseconds: WALL_CLOCK,
    answerMilliseconds: 3000,
    cpuSoftMilliseconds: 500,
    cpuHardMilliseconds: 1000,
  },
  secrets: { PROBE_SECRET: 'first' },
})

interface Probed {
  readonly pid: number
  readonly url: string
  readonly method: string
  readonly result: unknown
}

function call(path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`${project.url}/functions/v1/${path}`, init)
}

async function probe(what: string, amount = 0): Promise<Probed> {
  const response = await call(`probe?do=${what}&amount=${amount}`)
  expect(response.status).toBe(200)
  return (await response.json()) as Probed
}

async function limited(what: string, amount: number): Promise<void> {
  const response = await call(`probe?do=${what}&amount=${amount}`)
  expect(response.status).toBe(546)
  expect(await response.json()).toMatchObject({ code: 'WORKER_LIMIT' })
}

const kills = (reason: string) => project.stats().kills[reason] ?? 0
const printed = (text: string) =>
  project.functionLines().filter((line) => line.text === text).length

describe('a function', () => {
  it('sees the address that was called, without /functions/v1', async () => {
    const response = await call('probe/deeper?do=none', { method: 'PATCH' })
    expect(await response.json()).toMatchObject({
      url: `${project.url}/probe/deeper?do=none`,
      method: 'PATCH',
    })
  })

  it('takes a body of many megabytes', async () => {
    const body = new Uint8Array(20 * 2 ** 20)
    const response = await call('probe?do=length', { method: 'POST', body })
    expect(await response.json()).toMatchObject({ result: body.length })
  })

  it('has the platform’s environment and the secrets, and nothing of this machine', async () => {
    const { result } = await probe('environment')
    expect(Object.keys(result as object).sort()).toEqual([
      'LEGACY_DATABASE_URL',
      'PROBE_SECRET',
      'SUPABASE_DB_URL',
      'SUPABASE_JWKS',
      'SUPABASE_PUBLISHABLE_KEYS',
      'SUPABASE_SECRET_KEYS',
      'SUPABASE_URL',
    ])
    expect(result).toMatchObject({
      SUPABASE_URL: project.url,
      SUPABASE_SECRET_KEYS: JSON.stringify({ default: project.keys.secret }),
    })
    const published = await fetch(`${project.url}/auth/v1/.well-known/jwks.json`)
    expect(JSON.stringify(await published.json())).toBe(
      (result as Record<string, string>).SUPABASE_JWKS,
    )
  })

  it('reaches the database as postgres', async () => {
    expect((await probe('query')).result).toEqual([
      { name: 'postgres', database: project.database },
    ])
  })

  it('has no Web Workers', async () => {
    expect((await probe('worker')).result).toBe('undefined')
  })

  it('sees a changed secret at its next request', async () => {
    project.setSecret('PROBE_SECRET', 'second')
    expect((await probe('environment')).result).toMatchObject({ PROBE_SECRET: 'second' })
    expect(() => project.setSecret('SUPABASE_URL', 'x')).toThrow(
      expect.objectContaining({ code: 'secret_reserved' }),
    )
  })
})

describe('answers of the platform', () => {
  it('are 404 for what does not exist and 503 for what does not come up', async () => {
    expect((await call('nothing')).status).toBe(404)
    const broken = await call('broken')
    expect(broken.status).toBe(503)
    expect(await broken.json()).toMatchObject({ code: 'BOOT_ERROR' })
  })

  it('is 504 when a function does not answer in time', async () => {
    expect((await call('probe?do=sleep&amount=3500')).status).toBe(504)
  })
})

describe('verify_jwt', () => {
  const guarded = async (token?: string) =>
    (await call('guarded', token ? { headers: { authorization: `Bearer ${token}` } } : {})).status

  it('lets a token of the project pass, and a preflight request', async () => {
    expect(await guarded(await project.signToken())).toBe(200)
    expect((await call('guarded', { method: 'OPTIONS' })).status).toBe(200)
  })

  it('refuses none, an expired one, a foreign one and a key', async () => {
    expect(await guarded()).toBe(401)
    expect(await guarded(await project.signToken({}, { expiresIn: -60 }))).toBe(401)
    const signing = await newSigningKey()
    expect(await guarded(await project.signToken({}, { signing }))).toBe(401)
    expect(await guarded(project.keys.secret)).toBe(401)
  })

  it('serves no HTML', async () => {
    const headers = { authorization: `Bearer ${await project.signToken()}` }
    expect((await call('guarded', { headers })).headers.get('content-type')).toBe('text/plain')
  })
})

describe('isolates', () => {
  it('are processes: one is reused when it is free, calls at the same time get their own', async () => {
    const first = await probe('none')
    expect((await probe('none')).pid).toBe(first.pid)
    const pids = await Promise.all([1, 2, 3].map(async () => (await probe('sleep', 2000)).pid))
    expect(new Set(pids).size).toBe(3)
  })

  it('finish background work after the answer, and take no other call meanwhile', async () => {
    const before = printed('background done')
    const began = performance.now()
    const busy = await probe('background', 800)
    expect(performance.now() - began).toBeLessThan(700)
    expect((await probe('none')).pid).not.toBe(busy.pid)
    await eventually(() => printed('background done') === before + 1, { within: 3000 })
  })

  it('survive background work that fails', async () => {
    const { pid } = await probe('reject')
    await eventually(() => printed('Error: background failed') > 0, { within: 3000 })
    expect(isAlive(pid)).toBe(true)
  })

  it('are retired at the soft CPU limit, with a beforeunload', async () => {
    const before = printed('beforeunload early_drop')
    const { pid } = await probe('spin', 700)
    await eventually(() => !isAlive(pid), { within: 3000 })
    expect(printed('beforeunload early_drop')).toBeGreaterThan(before)
  })

  it('are killed at the hard CPU limit', async () => {
    const before = kills('cpu')
    await limited('spin', 10_000)
    await eventually(() => kills('cpu') > before)
  })

  it('are killed at the memory limit, and not below it', async () => {
    const before = kills('memory')
    await probe('fill', 120)
    await limited('fill', 700)
    await eventually(() => kills('memory') > before)
  })

  it('end at half of their wall clock where they are idle', async () => {
    const before = kills('early_drop')
    const { pid } = await probe('none')
    await eventually(() => !isAlive(pid), { within: WALL_CLOCK / 2 + 2000 })
    await eventually(() => kills('early_drop') > before, { within: 1000 })
  })

  it('are killed at the end of their wall clock, with a beforeunload', async () => {
    const before = { kills: kills('wall_clock'), unloads: printed('beforeunload wall_clock') }
    await probe('background', 3 * WALL_CLOCK)
    await eventually(() => kills('wall_clock') === before.kills + 1, { within: 2 * WALL_CLOCK })
    expect(printed('beforeunload wall_clock')).toBe(before.unloads + 1)
  })
})
