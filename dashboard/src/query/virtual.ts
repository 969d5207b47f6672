// Of thousands of rows only those in sight are elements.

import type { Cell, Column } from '../batch/contract';
import { SHOWN_MAX, textOf } from '../batch/values';

export const ROW_PX = 29;
/** Rows above and below those in sight, for a wheel that is faster than a frame. */
const SPARE = 12;
/** Rows that tell how wide a column has to be. */
const SAMPLE = 300;
const CHARACTER_PX = 7.4;
const PADDING_PX = 26;
const LEAST_PX = 64;
const MOST_PX = 420;

/** The rows to draw: from the first up to, not with, the last. */
export function windowOf(scrollTop: number, height: number, count: number): { first: number; last: number } {
  const first = Math.max(0, Math.floor(scrollTop / ROW_PX) - SPARE);
  const last = Math.min(count, Math.ceil((scrollTop + height) / ROW_PX) + SPARE);
  return { first: Math.min(first, last), last };
}

/** Widths that do not change while scrolling, in pixels. */
export function widthsOf(columns: readonly Column[], rows: readonly (readonly Cell[])[]): number[] {
  const sample = rows.slice(0, SAMPLE);
  return columns.map(({ name, type }, index) => {
    const lengths = sample.map((row) => Math.min(SHOWN_MAX, textOf(row[index] ?? null).length));
    const most = Math.max(name.length, type.length, ...lengths);
    return Math.round(Math.min(MOST_PX, Math.max(LEAST_PX, most * CHARACTER_PX + PADDING_PX)));
  });
}
