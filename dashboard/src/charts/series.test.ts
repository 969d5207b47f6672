import { describe, expect, test } from 'vitest';
import type { Cell } from '../batch/contract';
import { axesOf, barsOf, canDraw, countriesOf, isOrdinal, isRanked, placesOf, pointsOf } from './series';

const column = (name: string, type: string) => ({ name, type });
const table = (columns: [string, string][], rows: Cell[][]) => ({
  columns: columns.map(([name, type]) => column(name, type)),
  rows,
});
const BY_COUNTRY = table(
  [
    ['country', 'text'],
    ['state', 'text'],
    ['events', 'bigint'],
    ['people', 'bigint'],
  ],
  [
    ['us', 'CA', 9, 70],
    ['GB', 'X', 5, 80],
    ['us', 'NY', 1, 2],
    [null, '', 3, 4],
  ],
);

describe('the columns of a picture', () => {
  test('are the ones wished for, if they can be drawn', () => {
    expect(axesOf(BY_COUNTRY, 'bar', { x: 'state', y: 'people' })).toEqual({ x: 1, y: 3 });
    expect(axesOf(BY_COUNTRY, 'bar', { x: 'state', y: 'state' })).toEqual({ x: 1, y: 2 });
  });

  test('are the first words and the first figure otherwise', () =>
    expect(axesOf(BY_COUNTRY, 'bar')).toEqual({ x: 0, y: 2 }));

  test('are two figures when there are no words', () => {
    const shape = table(
      [
        ['hour', 'integer'],
        ['rsvps', 'bigint'],
      ],
      [[0, 5]],
    );
    expect(axesOf(shape, 'bar')).toEqual({ x: 0, y: 1 });
    expect(axesOf(shape, 'line')).toEqual({ x: 0, y: 1 });
    expect(axesOf(shape, 'map')).toBeNull();
  });

  test('are none without a figure or without a row', () => {
    expect(axesOf(table([['name', 'text']], [['a']]), 'bar')).toBeNull();
    expect(axesOf({ ...BY_COUNTRY, rows: [] }, 'bar')).toBeNull();
  });

  test('a state of two letters is no country', () =>
    expect(axesOf(BY_COUNTRY, 'map')).toEqual({ x: 0, y: 2 }));
});

test('countries are summed whatever their case, and what is none is left out', () =>
  expect([...countriesOf(BY_COUNTRY, { x: 0, y: 2 })]).toEqual([
    ['us', 10],
    ['gb', 5],
  ]));

test('points are in the order of time, and rows without a figure are left out', () => {
  const shape = table(
    [
      ['day', 'date'],
      ['n', 'numeric'],
    ],
    [
      ['2017-03-20', '2.5'],
      ['2017-03-19', '1'],
      ['2017-03-21', null],
      [null, '7'],
    ],
  );
  const day = Date.UTC(2017, 2, 19) / 1_000;
  expect(pointsOf(shape, { x: 0, y: 1 })).toEqual([
    [day, day + 86_400],
    [1, 2.5],
  ]);
});

test('bars of null and of nothing are told apart', () => {
  const bars = barsOf(BY_COUNTRY, { x: 0, y: 2 });
  expect(bars.map(({ label }) => label)).toEqual(['us', 'GB', 'us', 'NULL']);
  expect(isRanked(bars)).toBe(false);
});

test('hours stand side by side, a ranking of names does not', () => {
  const hours = table(
    [
      ['hour', 'integer'],
      ['n', 'bigint'],
    ],
    [
      [0, 9],
      [1, 5],
    ],
  );
  expect(isOrdinal(hours, { x: 0, y: 1 }, barsOf(hours, { x: 0, y: 1 }))).toBe(true);
  const names = table(
    [
      ['name', 'text'],
      ['n', 'bigint'],
    ],
    [
      ['a', 9],
      ['b', 5],
    ],
  );
  expect(isOrdinal(names, { x: 0, y: 1 }, barsOf(names, { x: 0, y: 1 }))).toBe(false);
});

test('rows of events lead to their pages', () => {
  const shape = table(
    [
      ['event_name', 'text'],
      ['yes', 'bigint'],
      ['event_id', 'text'],
    ],
    [
      ['Hack night', 9, '238486635'],
      ['a/b', 5, 'a/b'],
      ['no event', 1, null],
    ],
  );
  expect(barsOf(shape, { x: 0, y: 1 }).map(({ href }) => href)).toEqual([
    'events/238486635',
    'events/a%2Fb',
    undefined,
  ]);
});

test('rows with latitude and longitude are places', () => {
  const shape = table(
    [
      ['venue', 'text'],
      ['lat', 'double precision'],
      ['lon', 'double precision'],
    ],
    [
      ['Hall', 52.5, 13.4],
      ['nowhere', null, null],
    ],
  );
  expect(placesOf(shape)).toEqual([[13.4, 52.5, 'Hall']]);
  expect(canDraw(shape, 'map')).toBe(true);
});
