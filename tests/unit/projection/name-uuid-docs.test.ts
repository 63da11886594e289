/** The example of the documentation, which anybody can repeat with another library, is what ids are made by. */
import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { entityNamespace, nameUuid } from '../../../shared/projection/name-uuid.ts'

it('tells ids that the engine gives', async () => {
  const text = await readFile(new URL('../../../docs/mapping.md', import.meta.url), 'utf8')
  const example = /uuid\.uuid3\(entity, "(\d+)"\) {3}# ([0-9a-f-]{36})/.exec(text)
  const entity = /uuid\.uuid3\(system, "([^"]+)"\)/.exec(text)
  const system = /"urn:supaferry:" \+ "([^"]+)"/.exec(text)
  const namespace = entityNamespace(system?.[1] ?? '', entity?.[1] ?? '')
  expect(nameUuid(namespace, example?.[1] ?? '')).toBe(example?.[2])
})
