import { expect, test } from 'vitest';
import { lineOf, offsetOf, wordAt } from './place';

const SQL = 'SELECT a,\n  🎉 FROM nothere';

test('characters are counted as the server counts them, not as JavaScript does', () => {
  const position = [...SQL.slice(0, SQL.indexOf('nothere'))].length + 1;
  const offset = offsetOf(SQL, position);
  expect(SQL.slice(offset)).toBe('nothere');
  expect(wordAt(SQL, offset)).toEqual({ from: offset, to: offset + 7 });
  expect(lineOf(SQL, offset)).toEqual({ line: 2, column: 10 });
});

test('the end of a statement marks its last character', () => {
  const offset = offsetOf('SELECT (', 9);
  expect(wordAt('SELECT (', offset)).toEqual({ from: 7, to: 8 });
});

test('a place beyond the end is the end', () => expect(offsetOf('ab', 99)).toBe(2));

test('nothing has no word', () => expect(wordAt('', 0)).toEqual({ from: 0, to: 0 }));
