import { format } from '../format';

/** A figure of a picture: whole ones as counts, others with a few digits. */
export function figureOf(value: number): string {
  return Number.isInteger(value) ? format.count(value) : format.speed(value);
}

const TOPS = [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10];

/** A round number at or above the greatest, for the top of a scale: the digits below times a power of ten. */
export function roundTop(most: number): number {
  if (most <= 0) return 1;
  const unit = 10 ** Math.floor(Math.log10(most));
  const step = TOPS.find((known) => known * unit >= most) ?? 10;
  return step * unit;
}
