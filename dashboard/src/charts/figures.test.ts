import { expect, test } from 'vitest';
import { roundTop } from './figures';

test.each([
  [0, 1],
  [1, 1],
  [9, 10],
  [11, 15],
  [3_385, 4_000],
  [0.03, 0.03],
])('the scale of %d goes to %d', (most, top) => expect(roundTop(most)).toBeCloseTo(top));

test('never below what is shown, and at most twice as much', () => {
  for (let most = 0.001; most < 1e9; most *= 1.37) {
    expect(roundTop(most)).toBeGreaterThanOrEqual(most);
    expect(roundTop(most)).toBeLessThanOrEqual(2 * most);
  }
});
