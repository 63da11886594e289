/** Rows that a filter lets through, or no more, while they are followed. */
import { describe, expect, test } from 'vitest'
import { syncScene } from './scene.ts'

const scene = await syncScene()
const { source } = scene

describe('a filter', () => {
  test.each(['plain', 'mapped'])('holds for what changes: %s', async (kind) => {
    const name = `f_${kind}`
    const id = await scene.follow({
      name,
      source: `create table item (id int primary key, state text);
        insert into item select g, case when g % 2 = 0 then 'open' else 'closed' end from generate_series(1, 8) g`,
      entities: [
        {
          source: `${name}.item`,
          filter: { column: 'state', is: '=', value: 'open' },
          sync: { strategy: 'xmin' },
          ...(kind === 'mapped' ? { columns: { id: 'id', state: 'state' } } : {}),
        },
      ],
    })
    const rows = () => scene.rows(`select id, state from ${name}_new.item order by id`)
    expect(await rows()).toEqual(['2 open', '4 open', '6 open', '8 open'])
    await source`update ${source(name)}.item set state = case id when 1 then 'open' else 'closed' end where id < 3`
    expect((await scene.sweep(id)).did).toEqual({ item: '1 0 0 0' })
    expect(await rows()).toEqual(['1 open', '2 open', '4 open', '6 open', '8 open'])
    expect((await scene.sweep(id, 'deletes')).did).toEqual({ item: '0 0 1 0' })
    expect(await rows()).toEqual(['1 open', '4 open', '6 open', '8 open'])
  })
})
