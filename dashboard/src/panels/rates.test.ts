import { expect, test } from 'vitest';
import { ratesOf, shouldWiden } from './rates';

const history = { start: 60_000, step_ms: 5_000, yes: [10, 5, 0, 20], no: [0, 5, 10, 5] };

test('counts of 5 seconds become rates of a second, in the middle of the window', () => {
  expect(ratesOf(history, 80_000)).toEqual({
    at: [62.5, 67.5, 72.5, 77.5],
    yes: [2, 1, 0, 4],
    no: [0, 1, 2, 1],
  });
});

test('a window that is still filling is not shown', () => {
  expect(ratesOf(history, 79_999).at).toEqual([62.5, 67.5, 72.5]);
  expect(ratesOf(history, 0).at).toEqual([]);
  expect(ratesOf(history, null).at).toHaveLength(4);
});

test('wide windows begin at round times and are whole', () => {
  const counts = Array.from({ length: 14 }, (_, index) => index);
  const long = { start: 50_000, step_ms: 5_000, yes: counts, no: counts.map(() => 0) };
  // The first two windows belong to the half minute before 60 s.
  const rates = ratesOf(long, 125_000, true);
  expect(rates.at).toEqual([75, 105]);
  expect(rates.yes).toEqual([(2 + 3 + 4 + 5 + 6 + 7) / 30, (8 + 9 + 10 + 11 + 12 + 13) / 30]);
});

test('few answers widen, and a rate between the bounds changes nothing', () => {
  const rates = (yes: number) => ({ at: [0], yes: [yes], no: [0] });
  expect(shouldWiden(rates(0.5), false)).toBe(true);
  expect(shouldWiden(rates(1), false)).toBe(false);
  expect(shouldWiden(rates(1), true)).toBe(true);
  expect(shouldWiden(rates(1.5), true)).toBe(false);
});
