/** What could be wrong with mapped rows, their references, their map and their dead letters, and what is to be found then. */
import { cellChanges } from './verification-cells.ts'
import { idOf } from './verification-tables.ts'

export interface Change {
  readonly side: 'source' | 'target'
  readonly statement: string
  readonly findings: readonly string[]
  /** By how many rows the target has more now; left out: as the findings say. */
  readonly more?: number
}

const here = (statement: string, ...findings: string[]): Change => ({
  side: 'target',
  statement,
  findings,
})
const there = (statement: string, ...findings: string[]): Change => ({
  side: 'source',
  statement,
  findings,
})
const uncounted = (change: Change): Change => ({ ...change, more: 0 })
const mapOf = (table: string) =>
  `(select id from migration.map_entities where source_table = 'public.${table}')`
const remap = (table: string, key: string | number, id: string) =>
  `update migration.id_map set target_id = ${id} where map_entity_id = ${mapOf(table)} and source_key = '${key}'`
const unmap = (table: string, key: string | number) =>
  `delete from migration.id_map where map_entity_id = ${mapOf(table)} and source_key = '${key}'`
const map = (table: string, key: string, id: string) =>
  `insert into migration.id_map select map_entity_id, '${key}', '${id}', load_id, 'c' from migration.id_map where map_entity_id = ${mapOf(table)} limit 1`
const swap = (table: string, a: string | number, b: string | number) =>
  `${remap(table, a, `'${idOf(table, b)}'`)}; ${remap(table, b, `'${idOf(table, a)}'`)}`
const fresh = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`

const MAP: readonly Change[] = [
  here(swap('owner', 1, 2), 'changed owner ["1"] id', 'changed owner ["2"] id'),
  here(
    swap('line', '["1", "1"]', '["1", "2"]'),
    'changed line ["1","1"] id',
    'changed line ["1","2"] id',
  ),
  here(unmap('owner', 3), 'changed owner ["3"] id', 'changed owner ["43"] boss_id'),
  // What has children: they refer to nothing then.
  here(
    unmap('pet', 12),
    'changed pet ["12"] id',
    'changed line ["12","1"] pet_id',
    'changed line ["12","2"] pet_id',
  ),
  here(remap('owner', 4, `'${fresh(4)}'`), 'changed owner ["4"] id'),
  here(remap('vet', 41, `'${idOf('vet', 42)}'`), 'changed vet ["41"] id'),
  uncounted(here(map('owner', '9999', fresh(9999)), 'extra owner ["9999"]')),
  uncounted(here(map('vet', '9998', idOf('vet', 43)), 'extra vet ["9998"]')),
  here(swap('spread', 7, 14), 'changed spread ["7"] id', 'changed spread ["14"] id'),
  uncounted(here(map('spread', '8', fresh(9997)), 'extra spread ["8"]')),
  // Rows that are looked up: the right one is known by its values.
  here(
    `update migration.id_map set target_id = (select id from public.regions where code = 'other') where map_entity_id = ${mapOf('region')} and source_key = '3'`,
    'changed region ["3"] id',
  ),
  here(`delete from public.regions where code = 'w'`, 'missing region ["4"]'),
]

const REFERENCES: readonly Change[] = [
  here(
    `update pet set owner_id = '${idOf('owner', 60)}' where legacy = 1`,
    'changed pet ["1"] owner_id',
  ),
  here(`update pet set vet_id = null where legacy = 2`, 'changed pet ["2"] vet_id'),
  here(
    `update pet set vet_id = '${idOf('vet', 1)}' where legacy = 50`,
    'changed pet ["50"] vet_id',
  ),
  here(
    `update pet set owner_id = '${fresh(1)}' where legacy = 3`,
    'changed pet ["3"] owner_id',
    `orphan pet ["${idOf('pet', 3)}"] owner_id`,
  ),
  here(`update pet set kind_id = 13 where legacy = 4`, 'changed pet ["4"] kind_id'),
  here(`update pet set kind_id = 11 where legacy = 5`, 'changed pet ["5"] kind_id'),
  here(`update pet set kind_id = null where legacy = 6`, 'changed pet ["6"] kind_id'),
  here(
    `update owner set boss_id = '${idOf('owner', 50)}' where legacy = 44`,
    'changed owner ["44"] boss_id',
  ),
  here(`update owner set boss_id = null where legacy = 45`, 'changed owner ["45"] boss_id'),
  here(`update owner set boss_id = id where legacy = 20`, 'changed owner ["20"] boss_id'),
  here(
    `update owner set region_id = (select id from public.regions where code = 'other') where legacy = 5`,
    'changed owner ["5"] region_id',
  ),
  here(`update owner set kind_id = kind_id + 1 where legacy = 6`, 'changed owner ["6"] kind_id'),
  here(`update node set up = '${idOf('node', 7)}' where legacy = 20`, 'changed node ["20"] up'),
  here(
    `update line set pet_id = '${idOf('pet', 30)}' where pet = 2 and no = 1`,
    'changed line ["2","1"] pet_id',
  ),
  there(`update pet set owner_id = 59 where id = 7`, 'changed pet ["7"] owner_id'),
  there(`update pet set vet_id = 60 where id = 8`, 'changed pet ["8"] vet_id'),
  there(`update pet set vet_id = 11 where id = 51`, 'changed pet ["51"] vet_id'),
  there(`update pet set about = 'none' where id = 10`, 'changed pet ["10"] kind_id'),
  // A parent that is gone at the source alone is the parent's matter.
  there(`delete from owner where id = 7`, 'extra owner ["7"]'),
]

const ROWS_CHANGED: readonly Change[] = [
  here(
    `delete from owner where legacy = 8`,
    'missing owner ["8"]',
    `orphan owner ["${idOf('owner', 48)}"] boss_id`,
  ),
  here(
    `delete from owner where legacy = 19`,
    'missing owner ["19"]',
    `orphan owner ["${idOf('owner', 59)}"] boss_id`,
  ),
  here(`delete from line where pet = 3 and no = 2`, 'missing line ["3","2"]'),
  here(`delete from pair where a = 5`, 'missing pair ["5","b\\"5"]'),
  here(`delete from old where id = 5`, 'missing old ["5"]'),
  here(`delete from spread where legacy = 21`, 'missing spread ["21"]'),
  here(`delete from spread_kept where b = 50`, 'missing spread_kept ["1","50"]'),
  here(
    `insert into owner (id, legacy, name) values ('${fresh(2)}', 900, 'new')`,
    `extra owner ["${fresh(2)}"]`,
  ),
  here(
    `insert into pet select '${fresh(3)}', legacy, owner_id, vet_id, kind_id, sex from pet where legacy = 9`,
    `extra pet ["${fresh(3)}"]`,
  ),
  here(`insert into kind values (99, 'NEW')`, 'extra kind ["99"]'),
  here(`insert into pair values (5, 'c', 'V')`, 'extra pair ["5","c"]'),
  here(`insert into old values (900, 'new')`, 'extra old ["900"]'),
  here(`insert into spread_kept values (2, 55, 'v')`, 'extra spread_kept ["2","55"]'),
  here(
    `insert into spread_kept values (-7, 1, 'v'), (3, 10000000000, 'v')`,
    'extra spread_kept ["-7","1"]',
    'extra spread_kept ["3","10000000000"]',
  ),
  here(`insert into spread values ('${fresh(5)}', 5, 'v')`, `extra spread ["${fresh(5)}"]`),
  // Only how many they are is known where the sides may sort alike or not.
  { ...there(`delete from spread_text where id = 'k7'`), more: 1 },
  here(`update spread_pair set v = '' where legacy = 8`, 'changed spread_pair ["2","8"] v'),
  here(`delete from spread_pair where legacy = 9`, 'missing spread_pair ["0","9"]'),
  here(
    `drop index grown_id_idx; insert into grown values (5, 'v5')`,
    'duplicates grown ["5"] 1 to 2',
  ),
  there(
    `insert into owner (id, name, region_id, kind_id) values (70, 'late', 1, 1)`,
    'missing owner ["70"]',
  ),
  there(`insert into pair values (70, 'x', 'v')`, 'missing pair ["70","x"]'),
  there(`insert into vet values (70, 'too old', 998)`, 'missing vet ["70"]'),
  there(`insert into spread values (16, 'v')`, 'missing spread ["16"]'),
  there(`delete from line where pet_id = 4 and no = 1`, 'extra line ["4","1"]'),
  there(`delete from pair where a = 6`, 'extra pair ["6","b\\"6"]'),
  there(`delete from old where id = 6`, 'extra old ["6"]'),
  there(
    `delete from spread where id in (-21, 0, 70, 245)`,
    ...['-21', '0', '70', '245'].map((key) => `extra spread ["${key}"]`),
  ),
  there(`delete from spread_kept where b = 130`, 'extra spread_kept ["1","130"]'),
  there(`delete from node where id = 19`, 'extra node ["19"]'),
]

const VALUES: readonly Change[] = [
  here(`update pet set sex = 'female' where legacy = 11`, 'changed pet ["11"] sex'),
  here(`update owner set name = name || ' ' where legacy = 9`, 'changed owner ["9"] name'),
  here(
    `update owner set name = null, kind_id = 9 where legacy = 10`,
    'changed owner ["10"] name + kind_id',
  ),
  here(
    `update line set amount = amount + 0.01 where pet = 5 and no = 1`,
    'changed line ["5","1"] amount',
  ),
  here(`update pair set w = 'v' where a = 7`, 'changed pair ["7","b\\"7"] w'),
  here(`update kind set label = 'kind 15' where id = 15`, 'changed kind ["15"] label'),
  here(`update old set code = 'd' where id = 7`, 'changed old ["7"] code'),
  here(`update old set v = '' where id = 8`, 'changed old ["8"] v'),
  here(`update grown set v = '' where id = 3`, 'changed grown ["3"] v'),
  here(`update kept set v = '' where id = '${idOf('kept', 5)}'`, 'changed kept ["5"] v'),
  here(`update spread_text set v = '' where legacy = 'k30'`, 'changed spread_text ["k30"] v'),
  there(`update spread_text set v = '' where id = 'k31'`, 'changed spread_text ["k31"] v'),
  there(`update vet set age = 500 where id = 44`, 'changed vet ["44"] age'),
  there(`update pet set sex = 'f' where id = 13`, 'changed pet ["13"] sex'),
  there(`update pet set sex = 'x' where id = 14`, 'changed pet ["14"] sex'),
]

const DEAD_LETTERS: readonly Change[] = [
  here(
    `insert into vet values ('${idOf('vet', 52)}', 52, 'vet 52', 999)`,
    'extra vet ["52"]',
    `rule vet ["${idOf('vet', 52)}"] age`,
  ),
  uncounted(
    here(
      `delete from migration.errors where source_record_id = '53' and is_dead_letter`,
      'missing vet ["53"]',
    ),
  ),
  // By now it can come.
  there(`update vet set age = 50 where id = 54`),
  // Whoever is left out is not missed, and is not to be there.
  here(
    `insert into trip values ('${idOf('trip', 25)}', 25, '${idOf('vet', 1)}')`,
    'extra trip ["25"]',
  ),
]

/** Nothing of it is the plan's business. */
const OTHERS: readonly Change[] = [
  here(`update old set note = 'by hand' where id = 1`),
  here(`update kept set note = 'by hand' where id = '${idOf('kept', 6)}'`),
  here(`update kept set v = 'newer' where id = '${idOf('kept', 3)}'`),
  here(
    `update kept set v = 'newer' where note = 'ours' and id not in ('${idOf('kept', 3)}', '${idOf('kept', 4)}')`,
  ),
  here(`update grown set note = 'by hand' where id = 4`),
  here(`update grown set v = 'newer' where id = 1000`),
  here(`insert into grown values (1001, 'new', 'hand made')`),
  here(
    `insert into public.regions (code) values ('another'); update public.regions set name = 'by hand'`,
  ),
  there(`update owner set secret = 'changed'`),
]

export const CHANGES: readonly Change[] = [
  ...MAP,
  ...REFERENCES,
  ...ROWS_CHANGED,
  ...VALUES,
  ...DEAD_LETTERS,
  ...OTHERS,
  ...cellChanges(),
]
