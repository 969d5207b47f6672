import { expect, test } from 'vitest';
import { type Name, namesThatFit } from './names';

const MAP = { width: 500, height: 300 };
const name = (text: string, x: number, y: number, weight = 1): Name => ({ text, x, y, width: 60, weight });
const texts = (names: Name[]) => namesThatFit(names, MAP).map(({ text }) => text);

test('of two that cover each other the weightier is written', () =>
  expect(texts([name('small', 100, 100), name('large', 120, 104, 9), name('far', 300, 100)])).toEqual([
    'large',
    'far',
  ]));

test('none leaves the map', () =>
  expect(
    texts([name('left', 10, 100), name('right', 490, 100), name('top', 200, 8), name('in', 200, 100)]),
  ).toEqual(['in']));

test('no two cover each other, however many there are', () => {
  const many = Array.from({ length: 300 }, (_, index) =>
    name(String(index), (index * 97) % 500, (index * 61) % 300, index % 7),
  );
  const placed = namesThatFit(many, MAP);
  for (const one of placed)
    for (const other of placed)
      if (one !== other)
        expect(Math.abs(one.x - other.x) >= 60 || Math.abs(one.y - other.y) >= 14).toBe(true);
});
