/** Changes that concern more than a value or a key: whole rows, rows without a key, parts of a table. */

export const ODD_TABLES = `
  create table swapped (id integer primary key, a text, b text, c text unique);
  insert into swapped values
    (1, 'left', 'right', '1'), (2, 'ab', 'c', '2'), (3, '', null, '3'), (4, 'x', 'x', 'four'), (5, 'x', 'x', 'five'), (6, 'a,b', 'c', '6'), (7, 'x', 'x', '7');
  create table long_text (id integer primary key, t text);
  insert into long_text select n, string_agg(md5((n * 10000 + i)::text), '') from generate_series(1, 3) n, generate_series(1, 5000) i group by n;
  create table bare (a integer, b text);
  insert into bare values (1, 'x'), (1, 'x'), (2, 'y'), (3, 'z'), (3, 'z'), (3, 'z'), (4, 'w'), (5, null), (6, 'kept'), (6, 'kept'), (7, ''), (8, '8');
  create table no_column_of_key (id integer primary key, a integer, b text);
  insert into no_column_of_key values (1, 1, 'x'), (2, 1, 'x'), (3, 2, 'y');
  create table filtered (id integer primary key, state text, v text);
  insert into filtered select n, (array['open', 'shut'])[1 + n % 2], 'v' || n from generate_series(1, 12) n;
  create table younger (more text, primary key (k0)) inherits (elder);
  insert into younger values (1, 'kept', 'x'), (2, 'kept', 'y');
  create table keyless (id integer primary key, v text);
  insert into keyless values (1, 'a'), (2, 'b'), (3, 'c');
  create table other_spelling (n numeric primary key, v text);
  insert into other_spelling values (1.10, 'a'), (2.5, 'b'), (3, 'c');
  create table quiet (id integer primary key, v text);
  insert into quiet select n, 'v' || n from generate_series(1, 500) n;
  create table "Odd ""name""; --" ("Key, %s" text collate "C" primary key, "__proto__" text);
  insert into "Odd ""name""; --" values ('["]', 'a'), ('%I', 'b'), (E'\\\\', 'c');
  create table emptied (id integer primary key); insert into emptied values (1), (2);
  create table filled (id integer primary key, v text);
`

/** Entities of the plan that are not all of a table. */
export const PARTS = [
  { source: 'public.no_column_of_key', columns: ['a', 'b'] },
  { source: 'public.filtered', filter: { column: 'state', is: '=', value: 'open' } },
]

const odd = '"Odd ""name""; --"'

/** Of a table without a key, what the finding says of the place is followed by the row that lies there. */
export const ODD_CHANGES: readonly (readonly [
  side: 'source' | 'target',
  statement: string,
  ...findings: string[],
])[] = [
  ['target', 'update swapped set a = b, b = a where id = 1', 'changed swapped ["1"] a + b'],
  ['target', `update swapped set a = 'a', b = 'bc' where id = 2`, 'changed swapped ["2"] a + b'],
  ['target', `update swapped set a = null, b = '' where id = 3`, 'changed swapped ["3"] a + b'],
  [
    'target',
    `update swapped set c = '' where id = 4; update swapped set c = 'four' where id = 5; update swapped set c = 'five' where id = 4`,
    'changed swapped ["4"] c',
    'changed swapped ["5"] c',
  ],
  ['source', `update swapped set a = 'a', b = 'b,c' where id = 6`, 'changed swapped ["6"] a + b'],
  [
    'target',
    `update long_text set t = left(t, -1) || '~' where id = 2`,
    'changed long_text ["2"] t',
  ],
  ['source', `update long_text set t = t || ' ' where id = 3`, 'changed long_text ["3"] t'],
  ['target', `insert into bare values (2, 'y')`, 'duplicates bare 1 to 2 (2,y)'],
  [
    'target',
    `delete from bare where ctid = (select min(ctid) from bare where a = 3)`,
    'duplicates bare 3 to 2 (3,z)',
  ],
  ['target', `delete from bare where a = 4`, 'missing bare 1 to 0 (4,w)'],
  [
    'target',
    `update bare set b = '' where a = 5`,
    'missing bare 1 to 0 (5,)',
    'extra bare 0 to 1 (5,"")',
  ],
  ['target', `insert into bare values (9, 'new')`, 'extra bare 0 to 1 (9,new)'],
  [
    'source',
    `update bare set b = null where a = 7`,
    'missing bare 1 to 0 (7,)',
    'extra bare 0 to 1 (7,"")',
  ],
  ['source', `delete from bare where a = 8`, 'extra bare 0 to 1 (8,8)'],
  [
    'target',
    `insert into no_column_of_key values (1, 'x')`,
    'duplicates no_column_of_key 2 to 3 (1,x)',
  ],
  [
    'source',
    `update no_column_of_key set b = 'z' where id = 3`,
    'missing no_column_of_key 1 to 0 (2,z)',
    'extra no_column_of_key 0 to 1 (2,y)',
  ],
  ['target', `update filtered set v = '' where id = 2`, 'changed filtered ["2"] v'],
  ['target', `update filtered set state = 'shut' where id = 4`, 'changed filtered ["4"] state'],
  ['source', `update filtered set state = 'shut' where id = 6`, 'extra filtered ["6"]'],
  ['source', `update filtered set state = 'open' where id = 7`, 'missing filtered ["7"]'],
  ['source', `update filtered set v = 'not moved' where id = 9`],
  ['target', `insert into filtered values (11, 'shut', 'v11')`, 'extra filtered ["11"]'],
  ['target', `update younger set v = 'keep' where k0 = 1`, 'changed younger ["1"] v'],
  ['target', `update younger set more = null where k0 = 2`, 'changed younger ["2"] more'],
  [
    'target',
    `alter table keyless drop constraint keyless_pkey; insert into keyless values (2, 'b')`,
    'duplicates keyless ["2"] 1 to 2',
    'primary_key_missing primary key keyless_pkey of keyless',
  ],
  ['target', `insert into keyless values (9, 'x'), (9, 'x')`, 'extra keyless ["9"] 0 to 2'],
  [
    'target',
    `update other_spelling set n = 1.1 where n = 1.10`,
    'changed other_spelling ["1.10"] n',
  ],
  ['source', `update other_spelling set n = 3.0 where n = 3`, 'changed other_spelling ["3.0"] n'],
  ['target', `update other_spelling set v = '' where n = 2.5`, 'changed other_spelling ["2.5"] v'],
  [
    'target',
    `update ${odd} set "__proto__" = '' where "Key, %s" = '["]'`,
    `changed Odd "name"; -- ["[\\"]"] __proto__`,
  ],
  ['target', `delete from ${odd} where "Key, %s" = '%I'`, 'missing Odd "name"; -- ["%I"]'],
  [
    'source',
    `update ${odd} set "__proto__" = '' where "Key, %s" = E'\\\\'`,
    `changed Odd "name"; -- ["\\\\"] __proto__`,
  ],
  ['target', 'delete from emptied', 'missing emptied ["1"]', 'missing emptied ["2"]'],
  ['target', `insert into filled values (1, 'x')`, 'extra filled ["1"]'],
]
