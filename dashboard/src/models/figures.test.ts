import { describe, expect, test } from 'vitest';
import type { Card, Comparison, Model, Version } from './contract';
import {
  calibrationError,
  decisiveOf,
  driftOf,
  matrixOf,
  measured,
  mistakesOf,
  pairOf,
  shownVersion,
} from './figures';

const comparison = (model: number, baseline: number, better: Comparison['better']): Comparison => ({
  measure: 'm',
  on: 'held-out groups',
  model,
  baseline: 'the median',
  baseline_figure: baseline,
  better,
  decides: false,
});

describe('a pair of bars', () => {
  test('scores stand against 1', () =>
    expect(pairOf(comparison(0.5, 0.25, 'higher'))).toEqual({
      model: 0.5,
      baseline: 0.25,
      isBetter: true,
      difference: 0.25,
    }));

  test('others stand against the larger', () => {
    expect(pairOf(comparison(6, 8, 'lower'))).toMatchObject({ model: 0.75, baseline: 1, isBetter: true });
    expect(pairOf(comparison(30, 10, 'higher'))).toMatchObject({ model: 1, isBetter: true });
  });

  test('equal is not better, and nothing is longer than its track', () => {
    expect(pairOf(comparison(0, 0, 'lower'))).toEqual({
      model: 0,
      baseline: 0,
      isBetter: false,
      difference: 0,
    });
    for (const figure of [-3, 0, 0.4, 1, 9e9])
      for (const better of ['higher', 'lower'] as const) {
        const { model, baseline } = pairOf(comparison(figure, 0.3, better));
        for (const length of [model, baseline]) {
          expect(length).toBeGreaterThanOrEqual(0);
          expect(length).toBeLessThanOrEqual(1);
        }
      }
  });

  test('what is no number is no better', () =>
    expect(pairOf({ ...comparison(0, 0.3, 'higher'), model: null })).toEqual({
      model: 0,
      baseline: 0.3,
      isBetter: false,
      difference: null,
    }));

  test('the comparison that decides is the one to show', () => {
    const comparisons = [comparison(1, 2, 'higher'), { ...comparison(3, 4, 'lower'), decides: true }];
    expect(decisiveOf({ comparisons } as Card)?.model).toBe(3);
    expect(decisiveOf({ comparisons: comparisons.slice(0, 1) } as Card)?.model).toBe(1);
    expect(decisiveOf(null)).toBeUndefined();
  });
});

test('three digits tell models apart', () =>
  expect([0.48123, 8.4213, 1_234.5].map(measured)).toEqual(['0.481', '8.42', '1,230']));

describe('confusion', () => {
  const matrix = matrixOf({
    classes: ['rare', 'common'],
    counts: [
      [3, 1],
      [5, 20],
    ],
  });

  test('the largest class comes first, in rows as in columns', () =>
    expect(matrix).toEqual({
      classes: ['common', 'rare'],
      counts: [
        [20, 5],
        [1, 3],
      ],
      totals: [25, 4],
    }));

  test('mistakes are ranked, and what is right is none', () =>
    expect(mistakesOf(matrix, 9)).toEqual([
      { truth: 'common', predicted: 'rare', count: 5, share: 0.2 },
      { truth: 'rare', predicted: 'common', count: 1, share: 0.25 },
    ]));

  test('what is missing counts nothing', () =>
    expect(matrixOf({ classes: ['a', 'b'], counts: [[1]] }).totals).toEqual([1, 0]));
});

test('calibration is off by the mean distance, weighted by examples', () => {
  const bin = (predicted: number, observed: number, examples: number) => ({ predicted, observed, examples });
  expect(calibrationError([bin(0.5, 0.6, 10), bin(0.9, 0.9, 30)])).toBeCloseTo(0.025);
  expect(calibrationError([])).toBe(0);
});

test('drift begins at its bounds', () =>
  expect([0, 0.099, 0.1, 0.249, 0.25, 3].map(driftOf)).toEqual([
    'steady',
    'steady',
    'watch',
    'watch',
    'drifted',
    'drifted',
  ]));

test('the card that is shown is the chosen one, the one in use, or the newest that can be read', () => {
  const version = (number: number, isReadable = true) =>
    ({ version: number, card: isReadable ? {} : null }) as Version;
  const model = { in_use: 2, versions: [version(4, false), version(3), version(2)] } as Model;
  expect(shownVersion(model, 3)?.version).toBe(3);
  expect(shownVersion(model, null)?.version).toBe(2);
  expect(shownVersion(model, 4)?.version).toBe(2);
  expect(shownVersion({ ...model, in_use: null }, null)?.version).toBe(3);
  expect(shownVersion({ ...model, versions: [] }, null)).toBeUndefined();
});
