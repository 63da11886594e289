/**
 * Every database that others made, from PostgreSQL 15 and 17, in every way: exact rows, exact books.
 * A default run draws one release and one way for each of the smaller ones, so that each way and release
 * comes up; `FERRY_FULL=1` runs all of them, the clinic at scale 10 included. `FERRY_SEED` repeats a run;
 * lanes, sizes and kills of a case hang on nothing but the seed and its name.
 */
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dropDatabase, ensureDatabase, type Server } from '../../scripts/local/index.ts'
import { assertExactCounters } from '../support/counters.ts'
import { hasDebianServer, startDebianServer } from '../support/debian-server.ts'
import { type Dice, dice } from '../support/dice.ts'
import { sharedData } from '../support/dump.ts'
import { assertExactCopy } from '../support/oracle.ts'
import { testProject } from '../support/project.ts'
import { assertVerified } from '../support/verified.ts'
import { LARGE, type LegacyDatabase, SMALL } from './legacy-databases.ts'
import { type Scene, WAYS } from './ways.ts'

interface Case {
  readonly database: LegacyDatabase
  readonly release: 15 | 17
  readonly ways: readonly string[]
}

const { seed } = dice()
const releases: readonly (15 | 17)[] = hasDebianServer() ? [15, 17] : [17]
if (!hasDebianServer()) console.log('skipped: PostgreSQL 15 as a source, it is not installed')
const ways = Object.keys(WAYS)
const cases = process.env.FERRY_FULL === '1' ? allCases() : someCases(dice(seed))

function allCases(): Case[] {
  return [...SMALL, ...LARGE].flatMap((database) =>
    releases.map((release) => ({ database, release, ways })),
  )
}

function someCases(chance: Dice): Case[] {
  const pairs = releases.flatMap((release) => ways.map((way) => ({ release, ways: [way] })))
  const deck = pairs.toSorted(() => chance.next() - 0.5)
  return SMALL.map((database, at) => ({ database, ...deck[at % deck.length]! }))
}

describe.skipIf(sharedData() === undefined)(`with FERRY_SEED=${seed}`, async () => {
  const { project, servers, targetUrl } = await testProject({
    faults: { duplicate: 0.2, delay: { probability: 0.3, maxMilliseconds: 100 } },
  })
  const target = postgres(targetUrl, { max: 2, onnotice: () => undefined })
  let old: Server | undefined
  beforeAll(async () => {
    if (cases.some(({ release }) => release === 15)) old = await startDebianServer()
  })
  afterAll(async () => {
    await Promise.all([target.end(), old?.stop()])
  })

  describe.each(cases)('$database.name of PostgreSQL $release', ({ database, release, ways }) => {
    const name = `copied_${database.name.replaceAll(/\W/g, '_')}`
    const timeout = database.minutes * 60_000
    let server: Server
    let source: Scene['source']
    let rows = 0

    beforeAll(async () => {
      server = release === 15 ? old! : servers.source
      source = { owner: server.url(name), reader: server.url(name, 'legacy_reader') }
      await ensureDatabase(server, name)
      rows = await database.fill(source.owner)
    }, timeout)
    afterAll(() => dropDatabase(server, name))

    it.each(ways)('%s, and is exact', { timeout }, async (way) => {
      const chance = dice(seed + [...`${name}${release}${way}`].reduce(mixed, 0))
      const scene = { project, targetUrl, target, database, source, chance }
      const id = await WAYS[way]!(scene)
      const ignoreSchemas = ['_dirt', 'auth', 'storage', 'migration', 'net', 'cron', 'vault']
      const compared = await assertExactCopy({
        source: source.owner,
        target: targetUrl,
        ignoreSchemas,
      })
      expect(compared).toMatchObject({ tables: database.tables, rows })
      await assertExactCounters(targetUrl, id)
      await assertVerified(targetUrl, id)
    })
  })
})

function mixed(sum: number, letter: string): number {
  return (sum * 31 + letter.charCodeAt(0)) % 1_000_003
}
