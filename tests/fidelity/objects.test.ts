/** Everything that hangs on a table arrives as it was: under its own schema, and under another one. */
import postgres from 'postgres'
import { describe, expect, it } from 'vitest'
import { compareDatabases } from '../support/oracle.ts'
import { testProject } from '../support/project.ts'
import { nextValues, shapeOf } from './catalog-shape.ts'
import { emptyTarget, move } from './move.ts'
import { OBJECTS } from './object-tables.ts'

describe('what hangs on a table', async () => {
  const { project, targetUrl, sourceUrl, readerUrl } = await testProject({ faults: {} })
  const source = postgres(sourceUrl, { max: 1, onnotice: () => undefined })
  await source.unsafe(OBJECTS).simple()
  const drawn: Record<string, string>[] = []

  it.each(['public', 'New "home"'])('is the same in the schema %s', async (schema) => {
    await emptyTarget(targetUrl, ['public'])
    const plan = { rename: { schemas: schema === 'public' ? {} : { public: schema } } }
    await move({ project, targetUrl, source: readerUrl, plan })
    const quoted = `"${schema.replaceAll('"', '""')}"`
    const [before, after] = await Promise.all([
      shapeOf(sourceUrl, ['public']),
      shapeOf(targetUrl, [schema], `${quoted}, extensions`),
    ])
    expect(after).toEqual(before)
    const tables = await source<{ name: string }[]>`
      select relname as name from pg_class where relnamespace = 'public'::regnamespace
        and relkind in ('r', 'p') and not relispartition`
    expect(tables.length).toBeGreaterThan(12)
    const pairs = tables.map(({ name }) => [`public.${name}`, `${schema}.${name}`] as const)
    expect(await compareDatabases({ source: sourceUrl, target: targetUrl, pairs })).toEqual([])
    const values = await nextValues(targetUrl, [schema])
    drawn.push(
      Object.fromEntries(
        Object.entries(values).map(([name, value]) => [
          name.slice(quoted.length - (schema === 'public' ? 2 : 0) + 1),
          value,
        ]),
      ),
    )
  })

  it('is numbered on where the source would, or behind what the tables hold', async () => {
    const values = await nextValues(sourceUrl, ['public'])
    const expected = Object.fromEntries(
      Object.entries(values).map(([name, value]) => [name.slice('public.'.length), value]),
    )
    expect(drawn).toEqual([
      // Given by hand: 50 where the sequence stood at 3, and -9 where it stood at 5 on its way down.
      { ...expected, numbered_behind_seq: '51', numbered_ahead_seq: '5', down: '-11' },
      { ...expected, numbered_behind_seq: '51', numbered_ahead_seq: '5', down: '-11' },
    ])
    await source.end()
  })
})
