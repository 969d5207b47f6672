// From a card to what its pictures show.

import { language, ratio } from '../format';
import type { Bin, Card, Comparison, Confusion, Model, Version } from './contract';

const digits = new Intl.NumberFormat(language, { maximumSignificantDigits: 3 });

/** 0.481, 8.02: as much of a measure as tells two models apart; a dash for what is no number. */
export function measured(value: number | null): string {
  return value === null ? '–' : digits.format(value);
}

export interface Pair {
  /** Lengths of the bars, from 0 to 1. */
  model: number;
  baseline: number;
  isBetter: boolean;
  /** By how much, never negative; null when one of them is no number. */
  difference: number | null;
}

/** Shares and scores stand against 1, so that bars of different measures can be compared; others against the larger. */
export function pairOf({ model, baseline_figure: baseline, better }: Comparison): Pair {
  const figures = [model, baseline].map((figure) => figure ?? 0);
  const isScore = better === 'higher' && figures.every((figure) => figure >= 0 && figure <= 1);
  const most = isScore ? 1 : Math.max(...figures.map(Math.abs), Number.MIN_VALUE);
  const length = (figure: number | null) => Math.min(1, Math.max(0, (figure ?? 0) / most));
  const lengths = { model: length(model), baseline: length(baseline) };
  if (model === null || baseline === null) return { ...lengths, isBetter: false, difference: null };
  const isBetter = better === 'higher' ? model > baseline : model < baseline;
  return { ...lengths, isBetter, difference: Math.abs(model - baseline) };
}

/** The comparison that decides; the first when none does. */
export function decisiveOf(card: Card | null): Comparison | undefined {
  return card?.comparisons.find(({ decides }) => decides) ?? card?.comparisons[0];
}

/** The version whose card is shown: the one in use, else the newest that can be read. */
export function shownVersion({ in_use, versions }: Model, chosen: number | null): Version | undefined {
  const readable = versions.filter(({ card }) => card !== null);
  const find = (wanted: number | null) => readable.find(({ version }) => version === wanted);
  return find(chosen) ?? find(in_use) ?? readable[0];
}

export interface Matrix {
  /** Classes with most examples first. */
  classes: readonly string[];
  counts: readonly (readonly number[])[];
  /** Examples of each class. */
  totals: readonly number[];
}

/** Rows and columns by how many examples a class has; what is missing counts nothing. */
export function matrixOf({ classes, counts }: Confusion): Matrix {
  const count = (row: number, column: number) => counts[row]?.[column] ?? 0;
  const total = (row: number) => classes.reduce((sum, _, column) => sum + count(row, column), 0);
  const order = classes.map((_, index) => index).sort((one, other) => total(other) - total(one));
  return {
    classes: order.map((index) => classes[index] ?? ''),
    counts: order.map((row) => order.map((column) => count(row, column))),
    totals: order.map(total),
  };
}

export interface Mistake {
  truth: string;
  predicted: string;
  count: number;
  /** Of the examples of that class. */
  share: number;
}

/** What is taken for what most often. */
export function mistakesOf({ classes, counts, totals }: Matrix, most: number): Mistake[] {
  const all = counts.flatMap((row, truth) =>
    row.map((count, predicted) => ({
      truth: classes[truth] ?? '',
      predicted: predicted === truth ? null : (classes[predicted] ?? ''),
      count,
      share: ratio(count, totals[truth] ?? 0),
    })),
  );
  const mistakes = all.filter((one): one is Mistake => one.predicted !== null && one.count > 0);
  return mistakes.sort((one, other) => other.count - one.count).slice(0, most);
}

/** The mean distance between predicted and observed share, weighted by examples. */
export function calibrationError(bins: readonly Bin[]): number {
  const examples = bins.reduce((sum, bin) => sum + bin.examples, 0);
  const error = bins.reduce((sum, bin) => sum + Math.abs(bin.predicted - bin.observed) * bin.examples, 0);
  return ratio(error, examples);
}

/** Population stability index: above the first a feature is watched, above the second it has drifted. */
export const WATCHED_FROM = 0.1;
export const DRIFTED_FROM = 0.25;

export function driftOf(index: number): 'steady' | 'watch' | 'drifted' {
  if (index >= DRIFTED_FROM) return 'drifted';
  return index >= WATCHED_FROM ? 'watch' : 'steady';
}
