/**
 * No value of a row leaves its table. Every column of the source holds a canary, rows are refused for
 * every reason there is, in loads, replays, repairs, checks and steps; then everything that is kept or
 * printed is searched for canaries. Keys are none: the map and dead letters hold them.
 */
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { run } from '../e2e/run-command.ts'
import { testProject } from '../support/project.ts'
import { scratchDatabase } from '../support/scratch.ts'
import { ask, begin, command, ends, type Stage, steer } from './canary-acts.ts'
import { copyWhatIsRefused, endSessionInCopy } from './canary-failures.ts'
import { CANARY, columnsOf, findCanaries, leaks, logLines } from './canary-places.ts'
import {
  asciiPlan,
  BAD,
  brokenPlan,
  fillAscii,
  fillBroken,
  fillWard,
  plan,
  prepareTarget,
  teamsPlan,
} from './canary-scene.ts'

const { project, servers, sourceUrl, targetUrl } = await testProject({
  ownServers: true,
  faults: {},
})
const open = (url: string) => postgres(url, { max: 1, onnotice: () => undefined })
const source = open(sourceUrl)
const target = open(targetUrl)
const stage: Stage = { project, source, target, answers: [], printed: [] }
let ward: string
afterAll(() => Promise.all([source.end(), target.end()]))

beforeAll(async () => {
  await fillWard(source)
  await fillBroken(source)
  await prepareTarget(target)
  ward = await begin(stage, plan)
}, 60_000)

const letters = async () => {
  const rows = await target<{ key: string; code: string }[]>`
    select source_key as key, error_code as code from migration.dead_letters
     where migration_id = ${ward} and entity_name = 'ward.people' and not is_resolved
     order by source_key::integer`
  return Object.fromEntries(rows.map(({ key, code }) => [key, code]))
}

describe('what happens to the ward', () => {
  const refused = {
    [BAD.unique]: 'duplicate',
    [BAD.length]: 'length_violated',
    [BAD.check]: 'constraint_violated',
    [BAD.required]: 'required_missing',
    [BAD.trigger]: 'trigger_refused',
    [BAD.json]: 'value_invalid',
    [BAD.cast]: 'value_invalid',
    [BAD.late]: 'reference_missing',
    [BAD.domain]: 'trigger_refused',
    [BAD.rule]: 'pattern_violated',
    [BAD.exclusion]: 'duplicate',
  }

  test('the load refuses its bad rows, each for its own reason', { timeout: 120_000 }, async () => {
    expect(await ends(stage, ward)).toBe('completed')
    expect(await letters()).toEqual(refused)
  })

  test('a replay refuses them again, and a mended plan takes one', {
    timeout: 120_000,
  }, async () => {
    // What a verification thinks of it is other tests' matter.
    expect(['passed', 'failed']).toContain(await steer(stage, ward, 'replay'))
    expect(await letters()).toEqual(refused)
    const [people, ...others] = plan.entities
    const columns = { ...people.columns, weight: { op: 'constant', value: 1 } }
    const mended = { ...plan, entities: [{ ...people, columns }, ...others] }
    expect(await steer(stage, ward, 'replay', { plan: mended, code: 'value_invalid' })).toBe(
      'failed',
    )
    const { [BAD.cast]: _in, ...rest } = refused
    expect(await letters()).toEqual(rest)
    const away = {
      action: 'resolve',
      migration_id: ward,
      code: 'required_missing',
      notes: 'Known.',
    }
    expect((await ask(stage, 'control', away)).status).toBe(200)
  })
})

describe('what else happens', () => {
  test('a verification finds what differs, and a repair puts it right or refuses', {
    timeout: 120_000,
  }, async () => {
    expect(await steer(stage, ward, 'replay', { plan, code: 'value_invalid' })).toBeTypeOf('string')
    await source`update ward.people set note = ${`${CANARY} refuse me, too`} where id = 20`
    await source`update ward.people set doc = '[' where id = 21`
    await target`update ward_new.people set email = email || '!' where id in (
      select destination_id from migration.mappings where source_table = 'ward.people' and source_id in ('22', '23'))`
    await target`delete from ward_new.visits where amount > 731094640`
    await target`update ward_new.visits set words = ${`${CANARY} changed`} where amount < 731094620`
    await target`delete from ward_new.plain where id between 3 and 9`
    await target`update ward_new.plain set body = ${`${CANARY} changed`} where id > 50`
    await target`insert into ward_new.plain values (99, ${`${CANARY} extra`})`
    await target`insert into ward_new.nokey values (${`${CANARY} extra`}, 1)`
    await target`delete from ward_new.nokey where amount = 731094613`
    expect(await steer(stage, ward, 'verify')).toBe('failed')
    const findings = await target`
      select distinct entity_name || ' ' || kind as found from migration.verification_findings
       where migration_id = ${ward}`
    expect(findings.length).toBeGreaterThan(5)
    // What is refused by now has children: they are the next verification's matter.
    for (let verdict = 'failed', tries = 0; verdict !== 'passed'; tries += 1) {
      expect(tries).toBeLessThan(4)
      verdict = await steer(stage, ward, 'repair')
    }
    expect(await letters()).toMatchObject({ 20: 'trigger_refused', 21: 'value_invalid' })
  })

  test('previews without values, checks, drafts and looks', { timeout: 120_000 }, async () => {
    for (const { source: entity } of plan.entities) {
      expect((await ask(stage, 'plan', { action: 'preview', plan, entity, rows: 45 })).status).toBe(
        200,
      )
    }
    const secret = 'LEGACY_DATABASE_URL'
    for (const body of [
      { action: 'discover', secret },
      { action: 'check', plan },
      { action: 'check', plan: brokenPlan },
    ]) {
      const { status, body: said } = await ask(stage, 'plan', body)
      expect([status, said.error]).toEqual([200, undefined])
    }
    await ask(stage, 'plan', { action: 'save', plan })
    for (const query of ['', `migration_id=${ward}`, `migration_id=${ward}&report=true`]) {
      await ask(stage, 'status', query)
    }
    await ask(stage, 'status', `migration_id=${ward}&dead_letters=all&limit=100`)
    await ask(stage, 'status', `migration_id=${ward}&findings=all`)
  })

  test('a start into tables that hold rows is refused', { timeout: 60_000 }, async () => {
    const { status } = await ask(stage, 'start', { plan })
    expect(status).toBeGreaterThanOrEqual(400)
  })

  test('a copy that fails, and steps over rows that came twice', { timeout: 120_000 }, async () => {
    const id = await copyWhatIsRefused(stage)
    expect(await ends(stage, id)).toBe('failed')
    const codes = await target<{ code: string }[]>`
      select distinct error_code || ' ' || coalesce(sqlstate, '') as code from migration.errors
       where migration_id = ${id} order by 1`
    expect(codes.map(({ code }) => code)).toEqual([
      'step_failed 23503',
      'step_failed 23505',
      'step_failed 42704',
      'target_constraint_violated 23514',
    ])
  })

  test('a session that is ended in the middle of a copy', { timeout: 60_000 }, async () => {
    await endSessionInCopy(stage)
  })

  test('references that nobody can settle', { timeout: 120_000 }, async () => {
    const { status, body } = await ask(stage, 'start', { plan: teamsPlan })
    expect([status, body.error]).toEqual([202, undefined])
    expect(await ends(stage, String(body.migration_id))).toBe('failed')
  })

  test('a source whose texts are of no encoding', { timeout: 120_000 }, async () => {
    const name = await fillAscii(servers.source)
    project.setSecret('ASCII_URL', servers.source.url(name, 'legacy_reader'))
    const id = await begin(stage, asciiPlan)
    expect(await ends(stage, id)).toBe('failed')
    const codes = await target<{ sqlstate: string }[]>`
      select distinct sqlstate from migration.errors where migration_id = ${id}`
    expect(codes.map(({ sqlstate }) => sqlstate)).toEqual(['22021'])
    const [notes] = asciiPlan.entities
    for (const entity of ['public.notes', 'public.mapped']) {
      await ask(stage, 'plan', { action: 'preview', plan: asciiPlan, entity })
    }
    expect(notes).toBe('public.notes')
  })

  test('a run from this machine', { timeout: 120_000 }, async () => {
    const copy = await scratchDatabase(servers.source.url('postgres'))
    const { code, out, err } = await run({ source: sourceUrl, target: copy.url, plan })
    stage.printed.push(`run: ${code} ${out} ${err}`)
    expect(await findCanaries(copy.sql, await columnsOf(copy.sql))).toEqual([])
    await copy.drop()
    expect([code, out + err]).toEqual([0, expect.stringContaining('"records_failed"')])
  })

  test('the command line', { timeout: 120_000 }, async () => {
    for (const args of [
      ['--json', 'status', ward],
      ['status', ward],
      ['--json', 'report', ward],
      ['--json', 'preview', 'plan.json', 'ward.people', '--rows', '40'],
      ['preview', 'plan.json', 'ward.people', '--rows', '40'],
      ['check', 'plan.json'],
      ['--json', 'start', 'plan.json'],
      ['--json', 'verify', ward],
    ]) {
      await command(stage, args, plan)
    }
    expect(stage.printed.join('\n')).toContain(ward)
  })
})

describe('no canary is', () => {
  test('in an answer', () => {
    expect(stage.answers.length).toBeGreaterThan(15)
    expect(leaks(stage.answers)).toEqual([])
  })

  test('printed by the functions or the command line', () => {
    expect(project.functionLines().length).toBeGreaterThan(20)
    expect(leaks(project.functionLines().map(({ text }) => text))).toEqual([])
    expect(leaks(stage.printed)).toEqual([])
  })

  test('in the control plane, nor in what the server keeps of statements and jobs', async () => {
    const columns = await columnsOf(target)
    expect(columns.length).toBeGreaterThan(300)
    const images = columns.filter(({ relation }) => relation === 'migration.before_images')
    const others = columns.filter(({ relation }) => relation !== 'migration.before_images')
    expect(await findCanaries(target, others)).toEqual([])
    // What is overwritten is kept, and the search would find it.
    expect((await findCanaries(target, images)).length).toBeGreaterThan(0)
  })

  test.each(['target', 'source'] as const)('in the log of the %s', (side) => {
    const lines = logLines(servers[side].logFile)
    expect(lines.length).toBeGreaterThan(3)
    expect(leaks(lines)).toEqual([])
  })
})
