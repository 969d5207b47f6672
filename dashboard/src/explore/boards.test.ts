import { expect, test } from 'vitest';
import type { Answer, Chart, Named } from '../batch/contract';
import { boardAxes, hasMeasures, orderedRows } from './board-data';
import { layOut } from './layout';
import { queryFor, sectionsOf } from './sections';

const board = (name: string, chart: Chart = 'bar', y = 'events'): Named => ({
  name,
  title: name,
  description: '',
  sql: 'SELECT 1',
  chart,
  x: 'label',
  y,
});
const answer = (rows: Answer['rows']): Answer => ({
  columns: [
    { name: 'label', type: 'text' },
    { name: 'events', type: 'bigint' },
    { name: 'people', type: 'bigint' },
  ],
  rows,
  truncated: false,
  row_count: rows.length,
  elapsed_ms: 1,
  bytes_read: null,
  as_of: null,
});

test('every statement is in one section, and a new one appears by itself', () => {
  const named = ['hours', 'boards_categories', 'brand_new', 'places', 'topics'].map((name) => board(name));
  const sections = sectionsOf([...named, board('only_a_table', 'table')]);
  const names = sections.map(({ title, boards }) => [title, ...boards.map(({ name }) => name)]);
  expect(names).toEqual([
    ['Events', 'boards_categories'],
    ['People and groups', 'topics'],
    ['When', 'hours'],
    ['More', 'brand_new'],
  ]);
});

test('every row is full, whatever boards there are', () => {
  const kinds: Chart[] = ['bar', 'map', 'line'];
  for (let seed = 0; seed < 243; seed++) {
    const boards = Array.from({ length: 5 }, (_, at) =>
      board(String(at), kinds[Math.floor(seed / 3 ** at) % 3]),
    );
    const placed = layOut(boards);
    expect(placed.map(({ board: { name } }) => name)).toEqual(boards.map(({ name }) => name));
    let room = 0;
    for (const { span } of placed) {
      if (room === 0) room = 12;
      room -= span;
      expect(room).toBeGreaterThanOrEqual(0);
    }
    expect(room).toBe(0);
  }
});

test('a ranking is ranked by the figure that is shown', () => {
  const ranked = answer([
    ['a', 9, 1],
    ['b', 5, 7],
  ]);
  const axes = boardAxes(ranked, board('x'), 'people');
  expect(axes).toEqual({ x: 0, y: 2 });
  expect(axes && orderedRows(ranked, axes).map(([label]) => label)).toEqual(['b', 'a']);
});

test('an order of its own stays', () => {
  const days = answer([
    ['Mon', 5, 7],
    ['Tue', 9, 1],
    ['Wed', 6, 8],
  ]);
  const axes = boardAxes(days, board('x'), 'people');
  expect(axes && orderedRows(days, axes)).toEqual(days.rows);
});

test('only boards that are of events or people follow that choice', () => {
  const rows = answer([['a', 1, 2]]);
  expect(hasMeasures(rows, board('x'))).toBe(true);
  expect(hasMeasures(rows, board('topics', 'bar', 'yes'))).toBe(false);
});

test('a board is asked with the filters of the page, but for the one it is itself a list of', () => {
  const filters = { country: ['us', 'jp'], city: ['A, B', 'C'] };
  expect(queryFor('hours', filters)).toBe('?country=us%2Cjp&city=A%2C%20B&city=C');
  expect(queryFor('boards_group_countries', filters)).toBe('?city=A%2C%20B&city=C');
  expect(queryFor('hours', {})).toBe('');
});
