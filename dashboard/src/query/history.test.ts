import { expect, test } from 'vitest';
import { type Entry, withEntry } from './history';

const entry = (sql: string, at = 0): Entry => ({ sql, at, rows: 1, ms: 1 });

test('what is run again moves to the top and is there once', () => {
  const known = [entry('a'), entry('b'), entry('c')];
  expect(withEntry(known, entry('b', 9)).map(({ sql, at }) => [sql, at])).toEqual([
    ['b', 9],
    ['a', 0],
    ['c', 0],
  ]);
});

test('old ones are forgotten', () => {
  let known: Entry[] = [];
  for (let index = 0; index < 200; index++) known = withEntry(known, entry(`select ${index}`));
  expect(known).toHaveLength(50);
  expect(known[0]?.sql).toBe('select 199');
});
