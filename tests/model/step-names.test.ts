/** The models speak of the engine's own steps: by the names of its failpoints. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { REPOSITORY } from '../../scripts/local/paths.ts'
import { syncSteps } from '../../shared/platform/failpoint-names.ts'
import { explore } from './explore.ts'
import { logModel } from './log/model.ts'
import { protocol as logProtocol } from './log/state.ts'
import { syncModel } from './sync/model.ts'
import { protocol as syncProtocol } from './sync/rules.ts'

const kindsOfSync = ['look', 'sync', 'reconcile', 'deletes', 'log']

/** What a model cannot speak of: a name that it does not have, or one whose kind is not written out. */
function unknownSteps(code: string): string[] {
  const names = [...code.matchAll(/\bfailpoint\(\s*([^)]*?),?\s*\)/g)].map((match) => match[1]!)
  return names.filter((name) => {
    const kind = /^['`]([a-z]+)\./.exec(name)?.[1]
    if (kind === undefined) return true
    return kindsOfSync.includes(kind) && !syncSteps.some((step) => name === `'${step}'`)
  })
}

it('finds a name that no model knows, and one that is put together', () => {
  const code = `await platform.failpoint('sync.begun')
    await platform.failpoint('copy.begun')
    await platform.failpoint('sync.started')
    await platform.failpoint(
      'deletes.begin',
    )
    await platform.failpoint('sync.' + place)
    await platform.failpoint(kind + '.begun')`
  expect(unknownSteps(code)).toEqual([
    "'sync.started'",
    "'deletes.begin'",
    "'sync.' + place",
    "kind + '.begun'",
  ])
})

it('knows every failpoint of the engine by name', () => {
  const folder = join(REPOSITORY, 'shared/batch')
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  const codes = files
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(join(folder, file), 'utf8'))
  expect(codes.join('\n')).toContain("failpoint('copy.begun')")
  expect(codes.flatMap(unknownSteps)).toEqual([])
})

it('takes every step that has a name', () => {
  const taken = new Set([
    ...explore(syncModel({ ...syncProtocol, faults: [] }, [])).taken,
    ...explore(logModel(logProtocol, [])).taken,
  ])
  expect(syncSteps.filter((name) => !taken.has(name))).toEqual([])
})
