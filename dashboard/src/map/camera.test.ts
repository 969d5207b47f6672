import { expect, test } from 'vitest';
import { between, viewOf, WHOLE } from './camera';
import type { Box } from './world';

const middle = ({ scale, x, y }: { scale: number; x: number; y: number }, [a, b]: Box) => [
  (scale * (a[0] + b[0])) / 2 + x,
  (scale * (a[1] + b[1])) / 2 + y,
];

test('nothing chosen shows the whole map', () => expect(viewOf([], 960, 440)).toEqual(WHOLE));

test('a country is brought to the middle', () => {
  const box: Box = [
    [100, 50],
    [200, 90],
  ];
  const view = viewOf([box], 960, 440);
  expect(view.scale).toBeGreaterThan(5);
  expect(middle(view, box)).toEqual([480, 220]);
});

test('a small one is not blown up without limit, a large one never shrunk', () => {
  const place: Box = [
    [10, 10],
    [10, 10],
  ];
  expect(viewOf([place], 960, 440).scale).toBe(9);
  const all: Box = [
    [0, 0],
    [960, 440],
  ];
  expect(viewOf([all, place], 960, 440)).toEqual(WHOLE);
});

test('a flight begins and ends where it should', () => {
  const to = { scale: 4, x: -300, y: -100 };
  expect(between(WHOLE, to, 0)).toEqual(WHOLE);
  expect(between(WHOLE, to, 1)).toEqual(to);
  expect(between(to, { ...to, x: 0 }, 1)).toEqual({ ...to, x: 0 });
});
