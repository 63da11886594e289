/** What goes wrong at the source is named for what it is, and the next read works. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CompiledEntity } from '../../../shared/projection/entity.ts'
import { openSource } from '../../../shared/source/connect.ts'
import type { Source } from '../../../shared/source/source.ts'
import type { CopySink } from '../../../shared/wire/copy-sink.ts'
import { attachServers } from '../../support/project.ts'
import { type Scratch, scratchDatabase } from '../../support/scratch.ts'

const all = { after: null, through: null }
const entity: CompiledEntity = {
  source: { schema: 'public', table: 'numbers', partitioned: false },
  target: { schema: 'public', table: 'numbers' },
  columns: [{ source: 'n', target: 'n', type: 'integer' }],
  key: [{ column: 'n', type: 'integer' }],
}
const open: CopySink = { write: () => true, drained: async () => undefined }
const code = (expected: string) => expect.objectContaining({ code: expected })

describe('a source that fails', () => {
  let scratch: Scratch
  let source: Source
  let address: string

  beforeAll(async () => {
    scratch = await scratchDatabase(attachServers().source.url('postgres'))
    await scratch.sql`create table numbers as select n from generate_series(1, 200000) n`
    const url = new URL(scratch.url)
    url.searchParams.set('sslmode', 'disable')
    address = url.href
    source = openSource(address)
  })
  afterAll(async () => {
    await source?.close()
    await scratch?.drop()
  })

  it('says which kind of thing is missing, and reads on', async () => {
    const gone = { ...entity, columns: [{ source: 'gone', target: 'gone', type: 'integer' }] }
    await expect(source.copyOut(gone, all, open)).rejects.toEqual(code('source_object_missing'))
    const moved = await source.copyOut(entity, all, open)
    expect(moved.rows).toBe(200_000)
  })

  it('names a value that does not fit its type without showing it', async () => {
    const range = { after: ['secret value'], through: null }
    const failed = source.bounds(entity, range, 5)
    await expect(failed).rejects.toEqual(code('source_value_refused'))
    await failed.catch((error: Error) =>
      expect(JSON.stringify([error, error.message])).not.toContain('secret'),
    )
    expect(await source.bounds(entity, all, 5)).toEqual({ last: ['5'], more: true })
  })

  it('loses a killed connection in mid-COPY as retryable, and reads on', async () => {
    const kill = () =>
      scratch.sql`select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()`
    const stuck: CopySink = {
      write: () => false,
      drained: async () => {
        await kill()
      },
    }
    const failed = source.copyOut(entity, all, stuck)
    await expect(failed).rejects.toEqual(
      expect.objectContaining({
        kind: 'connection_error',
        context: expect.objectContaining({ retry: 'retry' }),
      }),
    )
    expect(await source.bounds(entity, { after: ['199999'], through: null }, 5)).toEqual({
      last: ['200000'],
      more: false,
    })
  })

  it('never writes', async () => {
    const writing = { ...entity, columns: [{ source: 'n', target: 'n', type: 'integer' }] }
    await scratch.sql
      .unsafe(`create function sneak() returns integer language sql as 'insert into public.numbers values (0) returning n';
      create view sneaky as select sneak() as n`)
      .simple()
    const view = { ...writing, source: { schema: 'public', table: 'sneaky', partitioned: true } }
    await expect(source.copyOut(view, all, open)).rejects.toEqual(code('source_read_only'))
  })
})
