/** Names that are meant to break out of the statements that a plan becomes. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { entityNamespace, nameUuid } from '../../../shared/projection/name-uuid.ts'
import { type MappingPair, mappingPair } from './load-plan.ts'

const uuid = (entity: string, key: string) => nameUuid(entityNamespace('test', entity), key)

describe('names that are meant to break out', () => {
  const odd = [
    `"`,
    `'; drop table x; --`,
    `$1`,
    `v.c0`,
    `a"b'c\\`,
    'ctid as place, s',
    ' ',
    'refused',
    'select',
  ]
  const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`
  const columns = odd.map((name) => `${quoted(name)} text`)
  const table = `create table ${quoted(`t"'; $1`)} (id integer primary key, ${columns.join(', ')})`
  let pair: MappingPair
  beforeAll(async () => {
    const values = odd.map((name) => `'${name.replaceAll("'", "''")}'`)
    pair = await mappingPair(`${table};
      insert into ${quoted(`t"'; $1`)} values (1, ${values.join(', ')})`)
  })
  afterAll(() => pair.close())

  it('stay names', async () => {
    const mapped = Object.fromEntries(odd.map((name) => [`${name}!`, { op: 'trim', of: name }]))
    const rules = odd.map((name) => ({
      rule: 'not_null',
      column: `${name}!`,
      severity: 'reject',
      name: name.trim() === '' ? 'blank' : name,
    }))
    const source = `public."t""'; $1"`
    const loaded = await pair.load({
      entities: [{ source, id: { strategy: 'uuid', column: `i"d` }, columns: mapped, rules }],
    })
    const [only] = [...loaded.values()]
    expect(only?.rows).toEqual([
      {
        key: '1',
        refused: null,
        values: {
          'i"d': uuid(only!.entity.entity_name, '1'),
          ...Object.fromEntries(odd.map((name) => [`${name}!`, name.trim()])),
        },
      },
    ])
  })
})
