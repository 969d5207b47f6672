// Colours of countries. Quantiles would hide how skewed the counts are, and a linear scale would leave
// all but one country pale, so the steps are even on a logarithmic scale between the least and the most.

export const STEPS = 6;
/** Up to here a shade is nearer to paper than to ink. */
export const PALE_STEPS = 3;

export interface Range {
  least: number;
  most: number;
}

/** Of the counts above zero. */
export function rangeOf(counts: Iterable<number>): Range {
  let least = Number.POSITIVE_INFINITY;
  let most = 0;
  for (const count of counts) {
    if (count <= 0) continue;
    least = Math.min(least, count);
    most = Math.max(most, count);
  }
  return most > 0 ? { least, most } : { least: 1, most: 1 };
}

/** 0 for none, 1 for the least, up to STEPS for the most. */
export function stepOf(count: number, { least, most }: Range): number {
  if (count <= 0) return 0;
  if (most <= least) return STEPS;
  const along = Math.log(count / least) / Math.log(most / least);
  return Math.min(STEPS, 1 + Math.floor(Math.max(0, along) * STEPS));
}

/** The round numbers under the ends and the middle of the ramp; only one when all counts are the same. */
export function labelsOf({ least, most }: Range): number[] {
  const labels = [least, Math.sqrt(least * most), most].map(twoDigits);
  return [...new Set(labels)];
}

function twoDigits(value: number): number {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(value)) - 1);
  return Math.round(value / unit) * unit;
}
