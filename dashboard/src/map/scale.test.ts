import { expect, test } from 'vitest';
import { labelsOf, rangeOf, STEPS, stepOf } from './scale';

const range = { least: 10, most: 10_000_000 };

test.each([
  [0, 0],
  [10, 1],
  [99, 1],
  [101, 2],
  [1_001, 3],
  [10_001, 4],
  [100_001, 5],
  [1_000_001, 6],
  [10_000_000, 6],
])('%d of 10 to 10 million is step %d', (count, step) => expect(stepOf(count, range)).toBe(step));

test('the least and the most are at the ends, whatever they are', () => {
  for (const most of [2, 3, 57, 1_000, 52_821]) {
    expect(stepOf(1, { least: 1, most })).toBe(1);
    expect(stepOf(most, { least: 1, most })).toBe(STEPS);
  }
});

test('never darker for less', () => {
  let before = 0;
  for (let count = 1; count <= 2_000; count++) {
    const step = stepOf(count, { least: 3, most: 1_700 });
    expect(step).toBeGreaterThanOrEqual(before);
    before = step;
  }
});

test('one country alone is the most', () => expect(stepOf(7, { least: 7, most: 7 })).toBe(STEPS));

test('the range leaves zeros out', () => {
  expect(rangeOf([0, 12, 3, 0, 900])).toEqual({ least: 3, most: 900 });
  expect(rangeOf([])).toEqual({ least: 1, most: 1 });
});

test('labels have two digits', () => {
  expect(labelsOf({ least: 251, most: 52_821 })).toEqual([250, 3600, 53_000]);
  expect(labelsOf({ least: 7, most: 7 })).toEqual([7]);
});
