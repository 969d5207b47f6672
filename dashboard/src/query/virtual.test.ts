import { expect, test } from 'vitest';
import { ROW_PX, widthsOf, windowOf } from './virtual';

test('what is in sight is drawn, wherever it is', () => {
  const [height, count] = [500, 10_000];
  for (let top = 0; top <= count * ROW_PX; top += 977) {
    const { first, last } = windowOf(top, height, count);
    expect(first * ROW_PX).toBeLessThanOrEqual(top);
    expect(last === count || last * ROW_PX >= top + height).toBe(true);
    expect(last - first).toBeLessThan(60);
  }
});

test('few rows are all drawn', () => expect(windowOf(0, 500, 3)).toEqual({ first: 0, last: 3 }));

test('a place after the end draws nothing, and not less', () =>
  expect(windowOf(1e6, 500, 3)).toEqual({ first: 3, last: 3 }));

test('columns are as wide as what is in them, within reason', () => {
  const columns = [
    { name: 'n', type: 'bigint' },
    { name: 'text', type: 'text' },
  ];
  const [narrow = 0, wide = 0] = widthsOf(columns, [[1, 'x'.repeat(5_000)]]);
  expect(narrow).toBeLessThan(120);
  expect(wide).toBeLessThanOrEqual(420);
  expect(wide).toBeGreaterThan(narrow);
});
