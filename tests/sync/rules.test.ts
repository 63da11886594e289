/** The rules of the first copy hold for every sweep: references, validation, dead letters, images of what was there. */
import { describe, expect, test } from 'vitest'
import { syncScene } from './scene.ts'

const scene = await syncScene()
const { source, target } = scene

const people = (name: string, more: object = {}) => [
  { source: `${name}.person`, id: { strategy: 'uuid' }, ...more },
  {
    source: `${name}.note`,
    id: { strategy: 'uuid' },
    columns: {
      legacy_id: 'id',
      body: 'body',
      person_id: { op: 'reference', to: `${name}.person`, of: 'person_id' },
    },
  },
]

const tables = `create table person (id int primary key, name text);
  create table note (id int primary key, body text, person_id int);
  insert into person values (1, 'Ada'); insert into note values (1, 'first', 1)`

/** Without dead letters, and with them. */
const follow = (name: string, entities: readonly object[], rest: object = {}) =>
  scene.follow({ name, source: tables, entities, sync: { strategy: 'xmin', ...rest } })

const notes = (name: string) =>
  scene.rows(
    `select n.legacy_id, n.body, p.name from ${name}_new.note n join ${name}_new.person p on p.id = n.person_id order by 1`,
  )

describe('references', () => {
  test('a parent that arrives after its child, sweeps later, brings the child', async () => {
    const id = await follow('r_late', people('r_late'))
    await source`insert into r_late.note values (2, 'early', 7)`
    expect((await scene.sweep(id)).did).toEqual({ note: '0 0 0 1' })
    expect(await scene.letters(id, 'note')).toEqual(['2 reference_missing'])
    await source`insert into r_late.person values (7, 'Grace')`
    expect((await scene.sweep(id)).did).toEqual({ person: '1 0 0 0', note: '1 0 0 0' })
    expect(await scene.letters(id, 'note')).toEqual([])
    expect(await notes('r_late')).toEqual(['1 first Ada', '2 early Grace'])
  })

  test('parents come before children within a sweep', async () => {
    const id = await follow('r_order', people('r_order'))
    await source`insert into r_order.note select g, 'n', g from generate_series(10, 40) g`
    await source`insert into r_order.person select g, 'p' from generate_series(10, 40) g`
    expect((await scene.sweep(id)).did).toEqual({ person: '31 0 0 0', note: '31 0 0 0' })
    expect(await scene.letters(id, 'note')).toEqual([])
  })

  test('a child whose reference is changed follows it', async () => {
    const id = await follow('r_change', people('r_change'))
    await source`insert into r_change.person values (2, 'Grace')`
    await source`update r_change.note set person_id = 2`
    expect((await scene.sweep(id)).did).toEqual({ person: '1 0 0 0', note: '0 1 0 0' })
    expect(await notes('r_change')).toEqual(['1 first Grace'])
  })
})

describe('references of a table to itself', () => {
  test('rows without their parent are refused, however many they are', async () => {
    const name = 'r_self'
    const id = await scene.follow({
      name,
      source: `create table person (id int primary key, boss_id int); insert into person values (1, null)`,
      entities: [
        {
          source: `${name}.person`,
          id: { strategy: 'uuid' },
          columns: {
            legacy_id: 'id',
            boss_id: { op: 'reference', to: `${name}.person`, of: 'boss_id' },
          },
        },
      ],
      sync: { strategy: 'xmin' },
    })
    await source`insert into r_self.person select g, 100 + g from generate_series(2, 6) g`
    await source`insert into r_self.person values (7, 1)`
    // A row has come in: those that were refused were tried again, and counted again.
    expect(await scene.sweep(id)).toMatchObject({
      status: 'completed',
      did: { person: '1 0 0 10' },
    })
    expect(await scene.letters(id, 'person')).toHaveLength(5)
    expect(await scene.count(id, 'person')).toMatchObject({ read: 7, loaded: 2, failed: 5 })
    await source`update r_self.person set boss_id = 7 where id = 2`
    await scene.sweep(id)
    expect(await scene.count(id, 'person')).toMatchObject({ read: 7, loaded: 3, failed: 4 })
  })
})

const required = { rules: [{ rule: 'length', column: 'name', min: 2, severity: 'reject' }] }

describe('rows that become invalid', () => {
  test.each([
    ['keep', ['Ada']],
    ['delete', []],
  ] as const)('invalid: %s', async (invalid, left) => {
    const name = `r_${invalid}`
    const id = await scene.follow({
      name,
      source: `create table person (id int primary key, name text); insert into person values (1, 'Ada')`,
      entities: [{ source: `${name}.person`, id: { strategy: 'uuid' }, ...required }],
      sync: { strategy: 'xmin', invalid },
    })
    await source`update ${source(name)}.person set name = 'A'`
    const swept = await scene.sweep(id)
    expect(swept.did).toEqual({ person: invalid === 'keep' ? '0 0 0 1' : '0 0 1 1' })
    expect(await scene.letters(id, 'person')).toEqual(['1 length_violated'])
    expect(await scene.rows(`select name from ${name}_new.person`)).toEqual(left)
    await source`update ${source(name)}.person set name = 'Ada Lovelace'`
    await scene.sweep(id)
    expect(await scene.letters(id, 'person')).toEqual([])
    expect(await scene.rows(`select name from ${name}_new.person`)).toEqual(['Ada Lovelace'])
    expect((await scene.sweep(id, 'hash')).did).toEqual({})
  })
})

describe('unique values', () => {
  test('a row that lost takes the place of the winner that is gone', async () => {
    const name = 'r_unique'
    const id = await scene.follow({
      name,
      source: `create table person (id int primary key, name text); insert into person values (1, 'Ada'), (2, 'Ada')`,
      entities: [
        {
          source: `${name}.person`,
          id: { strategy: 'uuid' },
          columns: { legacy_id: 'id', name: 'name' },
          rules: [{ rule: 'unique', columns: ['name'], severity: 'reject' }],
        },
      ],
      sync: { strategy: 'xmin' },
    })
    expect(await scene.letters(id, 'person')).toEqual(['2 duplicate'])
    await source`delete from r_unique.person where id = 1`
    expect((await scene.sweep(id, 'deletes')).did).toEqual({ person: '1 0 1 0' })
    expect(await scene.rows('select legacy_id from r_unique_new.person')).toEqual(['2'])
    expect(await scene.letters(id, 'person')).toEqual([])
  })
})

describe('rows that the target had', () => {
  test('are kept as an image once, before the first version of ours', async () => {
    const name = 'r_image'
    const id = await scene.follow({
      name,
      source: `create table person (id int primary key, name text); insert into person values (1, 'Ada')`,
      target: `create table person (id int primary key, name text, remark text);
        insert into person values (1, 'old one', 'ours'), (2, 'old two', 'ours')`,
      entities: [{ source: `${name}.person`, conflict: 'update' }],
      sync: { strategy: 'xmin' },
    })
    await source`update r_image.person set name = 'Ada L.'`
    await source`insert into r_image.person values (2, 'Grace')`
    expect((await scene.sweep(id)).did).toEqual({ person: '0 2 0 0' })
    await source`update r_image.person set name = name || '!'`
    await scene.sweep(id)
    const images = await target<{ image: string }[]>`
      select image from migration.before_images b join migration.loads l on l.id = b.load_id
       where l.migration_id = ${id} order by 1`
    expect(images.map(({ image }) => image)).toEqual(['(1,"old one",ours)', '(2,"old two",ours)'])
    expect(await scene.rows(`select id, name, remark from ${name}_new.person order by 1`)).toEqual([
      '1 Ada L.! ours',
      '2 Grace! ours',
    ])
  })
})

describe('too many refused rows', () => {
  test('stop the sweep, and nothing of them is written', async () => {
    const name = 'r_limit'
    const id = await scene.follow({
      name,
      source: `create table person (id int primary key, name text); insert into person select g, 'name' from generate_series(1, 20) g`,
      entities: [
        {
          source: `${name}.person`,
          id: { strategy: 'uuid' },
          ...required,
          refusals: { rows: 5, share: 0.1 },
        },
      ],
      sync: { strategy: 'xmin' },
    })
    await source`update r_limit.person set name = 'A' where id <= 15`
    expect(await scene.sweep(id)).toMatchObject({
      status: 'failed',
      code: 'refusals_exceeded',
      did: {},
    })
    expect(await scene.letters(id, 'person')).toEqual([])
    expect(await scene.rows(`select count(*) from ${name}_new.person where name = 'name'`)).toEqual(
      ['20'],
    )
  })
})
