/** What keeps the log of a source from being followed is told before anything begins, with what to run. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { logProblems } from '../../shared/sync/log/preflight.ts'
import { attachServers } from '../support/project.ts'
import { type Scratch, scratchDatabase } from '../support/scratch.ts'

describe('a source whose log is to be followed', () => {
  let scratch: Scratch
  const entities = ['one', 'two'].map((table) => ({
    id: table,
    source: { schema: 'public', table },
    key: ['id'],
  }))
  beforeAll(async () => {
    scratch = await scratchDatabase(attachServers().source.url('postgres'))
    await scratch.sql
      .unsafe('create table one (id int primary key, v int); create table two (id int primary key)')
      .simple()
  })
  afterAll(() => scratch?.drop())

  const codes = async (publication = 'pub', address = scratch.url) => {
    const problems = await logProblems(address, publication, entities)
    return problems.map(({ code }) => code)
  }

  it('has a publication of that name, and its statement is told', async () => {
    const [problem] = await logProblems(scratch.url, 'pub', entities)
    expect(problem).toMatchObject({
      code: 'log_publication_missing',
      hint: 'As the owner of the tables: create publication "pub" for table "public"."one", "public"."two";',
    })
  })

  it('tells of all tables, operations, rows and columns', async () => {
    const { sql } = scratch
    await sql`create publication pub for table one`
    expect(await codes()).toEqual(['log_table_not_published'])
    await sql`alter publication pub add table two`
    expect(await codes()).toEqual([])
    await sql`alter publication pub set (publish = 'insert, update')`
    expect(await codes()).toEqual(['log_publication_operations'])
    await sql`alter publication pub set (publish = 'insert, update, delete, truncate')`
    await sql`alter publication pub set table one (v), two where (id > 3)`
    expect(await codes()).toEqual(['log_publication_partial', 'log_publication_partial'])
    await sql`create publication everything for all tables`
    expect(await codes('everything')).toEqual([])
  })

  it('lets the role read it', async () => {
    const url = new URL(scratch.url)
    url.username = 'legacy_reader'
    expect(await codes('everything', url.href)).toEqual(['log_privilege_missing'])
  })
})
