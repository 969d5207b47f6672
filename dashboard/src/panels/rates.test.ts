import { expect, test } from 'vitest';
import { ratesOf, shouldWiden } from './rates';

const history = { start: 60_000, step_ms: 5_000, yes: [10, 5, 0, 20], no: [0, 5, 10, 5] };

test('counts of 5 seconds become rates of a second, in the middle of the window', () => {
  expect(ratesOf(history)).toEqual({ at: [62.5, 67.5, 72.5], yes: [2, 1, 0], no: [0, 1, 2] });
});

test('the window that is still filling is not shown', () => {
  expect(ratesOf({ ...history, yes: [7], no: [0] }).at).toEqual([]);
  expect(ratesOf({ ...history, yes: [], no: [] }).at).toEqual([]);
});

test('it is shown once nothing more will come', () => {
  expect(ratesOf(history, { hasEnded: true }).yes).toEqual([2, 1, 0, 4]);
});

test('wide ones are means of half a minute, one for each window', () => {
  const yes = [0, 1, 2, 3, 4, 5, 6, 7, 8];
  const rates = ratesOf({ start: 60_000, step_ms: 5_000, yes, no: yes.map(() => 3) }, { isWide: true });
  expect(rates.at).toEqual([75, 80, 85]);
  expect(rates.yes).toEqual([15 / 30, 21 / 30, 27 / 30]);
  expect(rates.no).toEqual([18 / 30, 18 / 30, 18 / 30]);
});

test('few answers widen, and a rate between the bounds changes nothing', () => {
  const rates = (yes: number) => ({ at: [0], yes: [yes], no: [0] });
  expect(shouldWiden(rates(0.5), false)).toBe(true);
  expect(shouldWiden(rates(1), false)).toBe(false);
  expect(shouldWiden(rates(1), true)).toBe(true);
  expect(shouldWiden(rates(1.5), true)).toBe(false);
});
