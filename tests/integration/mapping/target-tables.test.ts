/** Tables that a mapping makes of the source's: as they are to be, and told where somebody changed them. */
import { describe, expect, it } from 'vitest'
import type { Finding } from '../../../shared/verification/outcome.ts'
import { OBJECTS } from '../../fidelity/object-tables.ts'
import { type DataSet, loadDataSet, loadLegacyClinic, sharedData } from '../../support/dump.ts'
import { runScript } from '../../support/psql-script.ts'
import { madeTarget } from './target-pair.ts'
import { SCENE } from './target-scene.ts'

const source = { secret: 'LEGACY', schemas: ['public'], system: 'scene' }
const plain = ['clinic', 'doctor', 'room', 'note_mark', 'visit', 'base', 'derived', 'large']
const patient = {
  source: 'public.patient',
  target: 'public.person',
  columns: {
    sign: 'code',
    birth: 'born',
    amount: 'size',
    clinic_id: { op: 'reference', to: 'public.clinic', of: 'clinic_id' },
    label: { op: 'concat', of: ['code', { op: 'cast', of: 'id', to: 'text' }], separator: '-' },
  },
  rest: 'copy',
}
const note = {
  source: 'public.note',
  columns: {
    person_id: { op: 'reference', to: 'public.patient', of: 'patient_id' },
    clinic_id: { op: 'reference', to: 'public.clinic', of: 'clinic_id' },
    line: 'line',
    text: 'body',
  },
}
const plan = {
  source,
  ids: 'uuid',
  entities: [...plain.map((name) => `public.${name}`), patient, note],
}

const CHANGES = `
  alter table person drop constraint sized;
  alter table person drop constraint alive;
  alter table person add constraint alive check (birth < "when" and state <> 'closed');
  alter table person alter sign drop not null;
  alter table person alter amount drop default;
  alter table doctor drop constraint doctor_head_id_fkey;
  alter table doctor alter year_pay drop expression;
  alter table note drop constraint note_clinic_id_patient_id_fkey;
  alter table note add constraint note_clinic_id_patient_id_fkey
    foreign key (person_id) references person on update cascade;
  alter table note alter line type integer;
  alter table visit detach partition visit_2;
  drop index large_no;
`

const scene = (address: string) => runScript(address, SCENE)

const named = ({ severity, detail, object, entity }: Finding) =>
  `${severity} ${entity} ${detail?.code} ${object}`

describe('target tables of mapped entities', () => {
  it('are as the mapping makes them, and the check of the schema finds nothing', async () => {
    const { target, notes, verify } = await madeTarget(scene, plan)
    const { findings, results } = await verify()
    expect(findings).toEqual([])
    for (const { status, validated } of results) {
      expect(status).toBe('passed')
      expect(validated).toBeGreaterThan(10)
    }
    const constraints = await target.sql<{ text: string }[]>`
      select conrelid::regclass || ' ' || pg_get_constraintdef(oid) as text from pg_constraint
      where connamespace = 'public'::regnamespace and conparentid = 0 and contype <> 'n'
        and conrelid in ('person'::regclass, 'note'::regclass, 'note_mark'::regclass, 'doctor'::regclass)
     `
    expect(constraints.map(({ text }) => text).sort()).toEqual([
      'doctor FOREIGN KEY (clinic_id) REFERENCES clinic(id) ON DELETE CASCADE',
      'doctor FOREIGN KEY (head_id) REFERENCES doctor(id)',
      'doctor FOREIGN KEY (room_id) REFERENCES room(id) ON DELETE SET NULL',
      'doctor PRIMARY KEY (id)',
      'note FOREIGN KEY (clinic_id, person_id) REFERENCES person(clinic_id, id) ON UPDATE CASCADE',
      'note PRIMARY KEY (person_id, line)',
      'note_mark FOREIGN KEY (patient_id, line) REFERENCES note(person_id, line) MATCH FULL',
      'note_mark PRIMARY KEY (id)',
      `person CHECK (((birth <= "when") AND (state <> 'closed'::state)))`,
      'person CHECK ((amount > (0)::numeric))',
      'person FOREIGN KEY (clinic_id) REFERENCES clinic(id)',
      'person PRIMARY KEY (id)',
      'person UNIQUE (clinic_id, id)',
      'person UNIQUE (clinic_id, sign)',
    ])
    const left = notes.filter(({ code }) => code.endsWith('left_out'))
    expect(left.map(({ code, path }) => [code, path]).sort()).toEqual([
      ['constraint_left_out', 'entities[8]'],
      ['generated_left_out', 'entities[1]'],
    ])
  })

  it('are told where somebody changed them', async () => {
    const { target, verify } = await madeTarget(scene, plan)
    await target.sql.unsafe(CHANGES).simple()
    const { findings } = await verify()
    expect(findings.map(named).sort()).toEqual([
      'failed public.doctor column_generated_differs column year_pay',
      'failed public.doctor foreign_key_missing foreign key doctor_head_id_fkey',
      'failed public.large index_missing index large_no',
      'failed public.note column_type_differs column line',
      'failed public.note foreign_key_columns_differ foreign key note_clinic_id_patient_id_fkey',
      'failed public.note foreign_key_references_differ foreign key note_clinic_id_patient_id_fkey',
      'failed public.patient check_differs check alive',
      'failed public.patient check_missing check sized',
      'failed public.patient column_default_differs column amount',
      'failed public.patient column_null_differs column sign',
      'failed public.visit partition_detached partition visit_2',
    ])
  })

  it('are not looked at where the target had them', async () => {
    const there = `create table clinic (id uuid primary key, name varchar(80) not null, other integer default 7)`
    const known = {
      source: 'public.clinic',
      columns: { name: { op: 'cast', of: 'name', to: 'varchar(80)' } },
    }
    const entities = [known, { source: 'public.doctor' }]
    const made = await madeTarget(scene, { source, ids: 'uuid', entities }, there)
    const { findings, results } = await made.verify(['public.clinic'])
    expect(findings).toEqual([])
    expect(results.map(({ entity, validated }) => [entity, validated > 0])).toEqual([
      ['public.clinic', false],
      ['public.doctor', true],
    ])
    const [key] = await made.target.sql<{ text: string }[]>`
      select pg_get_constraintdef(oid) as text from pg_constraint where conname = 'doctor_clinic_id_fkey'`
    expect(key?.text).toBe('FOREIGN KEY (clinic_id) REFERENCES clinic(id) ON DELETE CASCADE')
    await made.target.sql`alter table doctor drop constraint doctor_clinic_id_fkey`
    expect((await made.verify(['public.clinic'])).findings.map(named)).toEqual([
      'failed public.doctor foreign_key_missing foreign key doctor_clinic_id_fkey',
    ])
  })
})

describe('target tables under UUIDs', () => {
  const made = async (load: (address: string) => Promise<unknown>, schemas = ['public']) => {
    const { target, verify } = await madeTarget(load, {
      source: { ...source, schemas },
      ids: 'uuid',
    })
    const { findings } = await verify()
    expect(findings).toEqual([])
    const [keys] = await target.sql<{ count: number }[]>`
      select count(*)::integer from pg_constraint con join pg_attribute a
        on a.attrelid = con.conrelid and a.attnum = any (con.conkey)
      where con.contype in ('p', 'f') and a.atttypid = 'uuid'::regtype`
    expect(keys?.count).toBeGreaterThan(3)
  }

  it('stand with everything that can hang on a table', async () => {
    await made((address) => runScript(address, OBJECTS))
  })

  describe.skipIf(sharedData() === undefined)('of a data set', () => {
    it.each(['chinook', 'northwind', 'pagila'] satisfies DataSet[])('%s', async (name) => {
      await made((address) => loadDataSet(address, name))
    })

    it('clinic', async () => {
      await made((address) => loadLegacyClinic(address, { scale: 0.1, dirt: 1 }))
    })
  })
})
