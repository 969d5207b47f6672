import type { History } from '../contract';

/** Answers per second, in columns as the chart wants them. */
export interface Rates {
  /** Middle of each window, in seconds since 1970. */
  at: number[];
  yes: number[];
  no: number[];
}

/** How many windows make one when answers are few: 6 of 5 s are 30 s. */
export const WIDE = 6;
const WIDEN_BELOW = 0.8;
const NARROW_ABOVE = 1.2;

/**
 * The rates of the windows that record time has passed. A later window is still filling, and would make
 * every stream look as if it were about to stop.
 */
export function ratesOf(history: History, streamTime: number | null, isWide = false): Rates {
  const complete = windowsBefore(history, streamTime ?? Number.POSITIVE_INFINITY);
  const size = isWide ? WIDE : 1;
  const step = history.step_ms;
  // Groups of windows begin at round times, so that they do not change as time moves on.
  const first = isWide ? (WIDE - (Math.floor(history.start / step) % WIDE)) % WIDE : 0;
  const rates: Rates = { at: [], yes: [], no: [] };
  for (let index = first; index + size <= complete; index += size) {
    rates.at.push((history.start + step * (index + size / 2)) / 1000);
    rates.yes.push(meanOf(history.yes, index, size, step));
    rates.no.push(meanOf(history.no, index, size, step));
  }
  return rates;
}

/** Whether windows should be wide: when there is less than about one answer a second. */
export function shouldWiden({ yes, no }: Rates, isWide: boolean): boolean {
  if (yes.length === 0) return isWide;
  const mean = (sum(yes) + sum(no)) / yes.length;
  // Two bounds, or the chart would flicker between both at a rate in between.
  return mean < (isWide ? NARROW_ABOVE : WIDEN_BELOW);
}

function windowsBefore(history: History, time: number): number {
  return Math.max(0, Math.min(history.yes.length, Math.floor((time - history.start) / history.step_ms)));
}

function meanOf(counts: readonly number[], from: number, size: number, stepMs: number): number {
  return sum(counts.slice(from, from + size)) / ((size * stepMs) / 1000);
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
