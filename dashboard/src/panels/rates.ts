import type { History } from '../contract';

/** Answers per second, in columns as the chart wants them. */
export interface Rates {
  /** Middle of what each is a mean of, in seconds since 1970. */
  at: number[];
  yes: number[];
  no: number[];
}

/** Of how many windows a mean is when answers are few: 6 of 5 s are 30 s. */
export const WIDE = 6;
const WIDEN_BELOW = 0.8;
const NARROW_ABOVE = 1.2;

/**
 * The rates of all windows but the last one, in which the newest record lies: as long as records come it is
 * still filling, and would make every stream look as if it were about to stop. Wide ones are sliding means.
 */
export function ratesOf(history: History, { isWide = false, hasEnded = false } = {}): Rates {
  const complete = history.yes.length - (hasEnded ? 0 : 1);
  const size = isWide ? WIDE : 1;
  const step = history.step_ms;
  const rates: Rates = { at: [], yes: [], no: [] };
  for (let index = 0; index + size <= complete; index += 1) {
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

function meanOf(counts: readonly number[], from: number, size: number, stepMs: number): number {
  return sum(counts.slice(from, from + size)) / ((size * stepMs) / 1000);
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
