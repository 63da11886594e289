/** The guards that `npm run mutants` takes out are there to be taken out, each in one place. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { mutants } from '../guards/mutants.ts'

const root = new URL('../../', import.meta.url)

describe('a mutant', () => {
  it.each(mutants.map((mutant) => [mutant.guard, mutant] as const))(
    'has one place: %s',
    (_, { file, find, replace }) => {
      const text = readFileSync(new URL(file, root), 'utf8')
      expect(text.split(find)).toHaveLength(2)
      expect(replace).not.toBe(find)
    },
  )

  it('has a name of its own', () => {
    const names = mutants.map(({ guard }) => guard)
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([])
  })
})
