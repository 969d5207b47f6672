import { expect, test } from 'vitest';
import type { Cluster, Clusters, Themes } from './contract';
import { densityLayer, kMeansLayer, themesLayer, wordsOf } from './layers';
import { isView, kOf, queryOf } from './view';

const cluster = (id: number, name: string): Cluster => ({
  id,
  colour: id + 10,
  name,
  country: 'us',
  topics: [],
  points: 5 + id,
  people: 9,
  lat: 40,
  lon: -74,
  hull: [
    [40, -74],
    [41, -73],
    [42, -75],
  ],
});
const CLUSTERS: Clusters = {
  model: 'places/1',
  k: 2,
  suggested_k: 2,
  left_out: 1,
  points: 3,
  silhouette: [],
  clusters: [cluster(0, 'New York'), { ...cluster(7, ''), hull: [] }],
  spots: [
    [40, -74, 0],
    [41, -73, 7],
    [1, 1, 99],
  ],
  density: { clusters: [cluster(4, 'London')], noise: 2 },
};

test('spots have the colour of their cluster, and none when it is unknown', () => {
  const { spots, hulls, places } = kMeansLayer(CLUSTERS);
  expect(spots.map(({ id, colour }) => [id, colour])).toEqual([
    [0, 10],
    [7, 17],
    [null, 0],
  ]);
  expect(hulls.map(({ id }) => id)).toEqual([0]);
  expect(places.map(({ name }) => name)).toEqual(['New York', 'no city']);
});

test('by density spots belong to nobody, for nobody has said so', () => {
  const { spots, places } = densityLayer(CLUSTERS);
  expect(spots.map(({ id }) => id)).toEqual([null, null, null]);
  expect(places.map(({ name }) => name)).toEqual(['London']);
  expect(densityLayer({ ...CLUSTERS, density: null })).toMatchObject({ hulls: [], places: [] });
});

test('cities have the colour of their theme, and its words', () => {
  const themes: Themes = {
    model: 'themes/1',
    themes: [{ id: 7, words: ['yoga', 'breath', 'mat', 'calm'], share: 0.1, events: 3 }],
    factors: [],
    cities: [
      { city: 'Austin', country: 'us', lat: 30, lon: -97, theme: 7, groups: 42, lift: 3.1, p: 0.0004 },
      { city: 'Ely', country: 'gb', lat: 52, lon: 0, theme: 9, groups: 1, lift: 2, p: 0.01 },
    ],
  };
  const { places, spots } = themesLayer(themes);
  expect(places.map(({ id, colour, name }) => [id, colour, name])).toEqual([
    [7, 7, 'Austin'],
    [9, 9, 'Ely'],
  ]);
  expect(places[0]?.note).toBe('yoga, breath, mat: 3.1× as frequent as elsewhere');
  expect((spots[0]?.size ?? 0) > (spots[1]?.size ?? 0)).toBe(true);
});

test('words are cut and made fit to be shown', () =>
  expect(wordsOf(['a\u202eb', 'two\nlines', 'c', 'd'])).toBe('ab, two lines, c'));

test('an address has a number of clusters that can be asked for, or none', () => {
  expect(['2', '15', '40', '1', '41', '-3', '3.5', '', 'x', undefined].map(kOf)).toEqual([
    2,
    15,
    40,
    ...Array.from({ length: 7 }, () => null),
  ]);
  expect(['kmeans', 'density', 'themes', 'map', undefined].map(isView)).toEqual([
    true,
    true,
    true,
    false,
    false,
  ]);
});

test('the server is asked for what was chosen, and nothing else', () => {
  expect(queryOf(null, 'venues')).toBe('');
  expect(queryOf(15, 'venues')).toBe('?k=15');
  expect(queryOf(null, 'people')).toBe('?weights=people');
  expect(queryOf(2, 'people')).toBe('?k=2&weights=people');
});
