import { expect, test } from 'vitest';
import { retryDelay } from './stream';

test('the first retry comes after 1 to 3 seconds', () => {
  expect(retryDelay(0, 0)).toBe(1_000);
  expect(retryDelay(0, 1)).toBe(3_000);
});

test('later ones wait longer, never more than 30 seconds', () => {
  expect([1, 2, 3, 4, 5, 50].map((failures) => retryDelay(failures, 0))).toEqual([
    2_000, 4_000, 8_000, 16_000, 30_000, 30_000,
  ]);
});
