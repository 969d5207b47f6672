import { geoArea, geoContains, geoEqualEarth, geoPath } from 'd3-geo';
import { expect, test } from 'vitest';
import { shapeOf } from './hulls';

type Corner = [lat: number, lon: number];
const PACIFIC: Corner[] = [
  [-13, 175],
  [-13, -165],
  [-25, -165],
  [-25, 175],
];
const subpaths = (shape: GeoJSON.Polygon) => (geoPath(geoEqualEarth())(shape) ?? '').match(/M/g)?.length;

test.each([
  ['one way round', PACIFIC],
  ['the other way', PACIFIC.toReversed()],
])('a hull across the antimeridian is small and cut in two: %s', (_, hull) => {
  const shape = shapeOf(hull);
  if (!shape) throw new Error('there is a shape');
  expect(geoArea(shape)).toBeLessThan(0.1);
  expect(geoContains(shape, [-179, -18])).toBe(true);
  expect(geoContains(shape, [0, -18])).toBe(false);
  expect(subpaths(shape)).toBe(2);
});

test('a hull elsewhere is one piece', () => {
  const shape = shapeOf([
    [40, -74],
    [41, -73],
    [42, -75],
  ]);
  expect(shape && subpaths(shape)).toBe(1);
});

test('less than three corners are no hull', () => {
  for (const hull of [
    [],
    [[40, -74]],
    [
      [40, -74],
      [41, -73],
    ],
    [
      [40, -74],
      [40, -74],
      [41, -73],
    ],
  ] as Corner[][])
    expect(shapeOf(hull)).toBeNull();
});
