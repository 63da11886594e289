/** Cut-overs through the real functions: frozen by the operator or by the plan, passed, refused, failed, rehearsed. */
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { codeOf } from '../guards/driven-sync.ts'
import { bothSides, cutoverEnded, settingsOf, sourceRoles, tables } from './cutover-scene.ts'
import { syncScene } from './scene.ts'

const scene = await syncScene({ ownServers: true })
const roles = sourceRoles(scene)
const { application, app } = roles

async function follow(name: string, sync: object = {}, entities: string | object[] = '*') {
  const id = await scene.follow({
    name,
    source: tables,
    entities,
    sync: { schedule: { changes: null, deletes: null, hash: null }, ...sync },
  })
  await scene.project.setSecret('FIDELITY_SOURCE', roles.mover)
  return id
}

const cutover = (id: string, more: object = {}) =>
  scene.control({ action: 'cutover', migration_id: id, ...more })

const PHASES = [
  'checking',
  'sweeping',
  'analyzing',
  'freezing',
  'draining',
  'sequences',
  'verifying',
]

/** Writes as an application does, until it is told to stop or is not let any more. */
function keepWriting(name: string) {
  const over = new AbortController()
  const codes = new Set<string>()
  let written = 0
  const done = (async () => {
    for (let at = 0; !over.signal.aborted; at++) {
      try {
        await application.unsafe(`insert into ${name}.orders (customer, amount) values (${1 + (at % 200)}, ${at});
          update ${name}.customers set name = name || '.', changed_at = now() where id = ${1 + (at % 50)};
          delete from ${name}.orders where id = (select max(id) - 3 from ${name}.orders) and ${at % 5} = 0`)
        written++
      } catch (error) {
        codes.add((error as { code: string }).code)
        await sleep(5)
      }
      await sleep(2)
    }
  })()
  return {
    written: () => written,
    async stop() {
      over.abort()
      await done
      return [...codes]
    },
  }
}

describe('a cut-over', { timeout: 120_000 }, () => {
  test('of a source that the operator has frozen completes the migration', async () => {
    const name = 'cut_operator'
    const id = await follow(name)
    await application.unsafe(`insert into ${name}.orders (customer, amount) values (1, 1), (2, 2); delete from ${name}.orders where id < 10;
      update ${name}.customers set name = 'changed' where id = 7`)
    expect(await cutover(id, { confirm: name })).toMatchObject({ status: 200 })
    expect(await cutoverEnded(scene, id)).toMatchObject({
      state: 'completed',
      code: null,
      frozen: true,
      unfrozen: false,
      status: 'completed',
      sync: 'cut_over',
      phases: PHASES,
    })
    expect(await bothSides(scene, name)).toBe(true)
    // The next numbers lie behind those that the source has given out.
    expect(
      await scene.rows(
        `select nextval('${name}_new.orders_id_seq'), nextval(pg_get_serial_sequence('${name}_new.customers', 'id'))`,
      ),
    ).toEqual(['1003 201'])
    expect((await scene.control({ action: 'sync', migration_id: id })).code).toBe(
      'already_cut_over',
    )
  })

  test('freezes the application while it writes, drains, and leaves it frozen', async () => {
    const name = 'cut_role'
    const id = await follow(name, { cutover: { freeze: { role: app } } })
    const writing = keepWriting(name)
    await sleep(300)
    await cutover(id, { confirm: name })
    const ended = await cutoverEnded(scene, id)
    const codes = await writing.stop()
    expect(ended).toMatchObject({
      state: 'completed',
      code: null,
      frozen: true,
      unfrozen: false,
      phases: PHASES,
    })
    expect(ended.downtime).toBeLessThan(30_000)
    expect(writing.written()).toBeGreaterThan(10)
    expect(codes).toContain('25006')
    expect(await settingsOf(scene, app)).toEqual(['default_transaction_read_only=on'])
    expect(await bothSides(scene, name)).toBe(true)
    await scene.source.unsafe(
      `alter role ${app} in database ${new URL(scene.sourceUrl).pathname.slice(1)} reset all`,
    )
  })

  test('whose gate does not pass gives the source back, and sync goes on', async () => {
    const name = 'cut_failed'
    const byTime = (table: string) => ({
      source: `${name}.${table}`,
      sync: { strategy: 'timestamp', column: 'changed_at', overlap_seconds: 0 },
    })
    const id = await follow(name, { cutover: { freeze: { role: app } } }, [
      byTime('customers'),
      byTime('orders'),
    ])
    await scene.source.unsafe(
      `alter role ${app} in database ${new URL(scene.sourceUrl).pathname.slice(1)} set default_transaction_read_only = off`,
    )
    // Somebody writes to the target when the last sweep is over.
    await scene.target
      .unsafe(`
      create function public.tamper() returns trigger language plpgsql as $$
      begin update ${name}_new.customers set name = 'somebody else' where id = 3; return new; end $$;
      create trigger tamper before update on migration.cutovers for each row
        when (new.state = 'verifying' and old.state <> 'verifying') execute function public.tamper()`)
      .simple()
    await cutover(id, { confirm: name })
    expect(await cutoverEnded(scene, id)).toMatchObject({
      state: 'failed',
      code: 'verification_failed',
      frozen: true,
      unfrozen: true,
      status: 'running',
      sync: 'syncing',
    })
    await scene.target`drop function public.tamper() cascade`
    expect(await settingsOf(scene, app)).toEqual(['default_transaction_read_only=off'])
    await application.unsafe(`insert into ${name}.orders (customer, amount) values (1, 1)`)
    expect(await scene.sweep(id, 'hash')).toMatchObject({ status: 'completed' })
    expect(await bothSides(scene, name)).toBe(true)
    // What was wrong is put right: now it passes.
    await cutover(id, { confirm: name })
    expect(await cutoverEnded(scene, id)).toMatchObject({ state: 'completed' })
    await scene.source.unsafe(
      `alter role ${app} in database ${new URL(scene.sourceUrl).pathname.slice(1)} reset all`,
    )
  })

  test('is refused by a source that is written to, and by roles that do not fit', async () => {
    const name = 'cut_refused'
    const id = await follow(name)
    const held = await scene.source.reserve()
    await held.unsafe(`begin; insert into ${name}.orders (customer, amount) values (1, 1)`)
    await cutover(id, { confirm: name })
    expect(await cutoverEnded(scene, id)).toMatchObject({
      state: 'failed',
      code: 'source_not_still',
      frozen: false,
      sync: 'syncing',
    })
    await held.unsafe('rollback')
    held.release()
    for (const [role, code] of [
      ['nobody_at_all', 'cutover_role_unknown'],
      [new URL(roles.mover).username, 'cutover_role_reads'],
      ['legacy_reader', 'cutover_role_not_permitted'],
    ]) {
      await scene.target`update migration.orchestrations set plan = jsonb_set(plan, '{sync,cutover,freeze}', ${JSON.stringify({ role })}::text::jsonb) where id = ${id}`
      await cutover(id, { confirm: name })
      expect(await cutoverEnded(scene, id)).toMatchObject({
        state: 'failed',
        code,
        frozen: false,
        phases: ['checking'],
      })
    }
    expect((await cutover(id, { confirm: 'wrong' })).code).toBe('cutover_not_confirmed')
  })

  test('passes where the plan keeps the row of before a refused one', async () => {
    const name = 'cut_kept'
    const mapped = (table: string, id: object) => ({
      source: `${name}.${table}`,
      ...id,
      columns: { legacy: 'id', x: { op: 'cast', of: 'x', to: 'integer' } },
    })
    const id = await scene.follow({
      name,
      source: `create table t (id integer primary key, x text); insert into t select n, n from generate_series(1, 50) n;
        create table p (id integer primary key, x text); insert into p select * from t`,
      entities: [mapped('t', { id: { strategy: 'uuid' } }), mapped('p', {})],
      sync: { invalid: 'keep', cutover: { drain: 'hash' } },
    })
    await scene.project.setSecret('FIDELITY_SOURCE', roles.mover)
    await application.unsafe(
      `update ${name}.t set x = 'bad' where id = 3; insert into ${name}.t values (60, 'bad'); update ${name}.p set x = 'bad' where id = 4`,
    )
    await cutover(id, { confirm: name })
    const ended = await cutoverEnded(scene, id)
    expect(
      ended,
      JSON.stringify(
        await scene.target`select entity_name, check_name, kind, severity, row_key, detail from migration.verification_findings where migration_id = ${id}`,
      ),
    ).toMatchObject({ state: 'completed', code: null })
    expect(await scene.letters(id, 't')).toEqual(['3 value_invalid', '60 value_invalid'])
    expect(await scene.rows(`select x from ${name}_new.t where legacy = 3`)).toEqual(['3'])
    const told =
      await scene.rows(`select kind, severity, row_key ->> 0 from migration.verification_findings
      where migration_id = '${id}' order by entity_name, row_key`)
    expect(told).toEqual(['extra warning 4', 'extra warning 3'])
  })

  test('is rehearsed while the application writes, and leaves no trace', async () => {
    const name = 'cut_rehearsed'
    const id = await follow(name, { cutover: { freeze: { role: app }, verification: 'sample' } })
    const writing = keepWriting(name)
    await cutover(id, { dry_run: true })
    const ended = await cutoverEnded(scene, id)
    expect(await writing.stop()).toEqual([])
    expect(ended).toMatchObject({
      state: 'dry_run_done',
      frozen: false,
      downtime: null,
      status: 'running',
      sync: 'syncing',
    })
    expect(ended.phases).not.toContain('freezing')
    expect(await settingsOf(scene, app)).toEqual([])
    expect(await scene.sweep(id, 'hash')).toMatchObject({ status: 'completed' })
    expect(await bothSides(scene, name)).toBe(true)
    expect(await codeOf(scene.target`select migration.abort_cutover(${id}, 'test')`)).toBe(
      'SF409 cutover_not_running',
    )
  })
})
