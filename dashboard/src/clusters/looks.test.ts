import { expect, test } from 'vitest';
import { HUES, lookOf, SHAPES } from './looks';

test('forty clusters look different from each other', () => {
  const looks = Array.from({ length: 40 }, (_, colour) => JSON.stringify(lookOf(colour)));
  expect(new Set(looks).size).toBe(40);
});

test('a colour keeps its look, and any number has one', () => {
  expect(lookOf(3)).toEqual({ hue: 3, shape: 'dot' });
  expect(lookOf(HUES + 3)).toEqual({ hue: 3, shape: 'ring' });
  for (const colour of [-1, 1e9, Number.NaN, 2.7]) {
    const { hue, shape } = lookOf(colour);
    expect(Number.isInteger(hue) && hue >= 0 && hue < HUES).toBe(true);
    expect(SHAPES).toContain(shape);
  }
});
