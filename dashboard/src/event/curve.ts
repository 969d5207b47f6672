// From the answers to the lines of the curve.

import { roundTop } from '../charts/figures';
import type { EventDetails } from './contract';

export interface Frame {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

export interface Scales {
  /** Times and heads at the edges. */
  from: number;
  to: number;
  most: number;
  x(at: number): number;
  y(heads: number): number;
}

type Told = Pick<EventDetails, 'curve' | 'time' | 'rsvp_limit' | 'turnout' | 'as_of'>;

/** Below this there is no line to see. */
const SPAN_LEAST_MS = 3_600_000;
/** Room after the last time, for a marker. */
const AFTER = 0.03;

/** From the first answer to the event, or to the last answer when that is later. */
export function scalesOf(told: Told, { left, right, top, bottom }: Frame): Scales | null {
  const [first] = told.curve;
  const last = told.curve.at(-1);
  if (!first || !last) return null;
  const now = told.as_of?.stream_time ?? last[0];
  const ends = [last[0], told.time ?? now, first[0] + SPAN_LEAST_MS];
  const from = first[0];
  const to = from + (Math.max(...ends) - from) * (1 + AFTER);
  const figures = [...told.curve.map(([, heads]) => heads), told.rsvp_limit ?? 0, told.turnout?.high ?? 0];
  const most = roundTop(Math.max(1, ...figures) * 1.04);
  return {
    from,
    to,
    most,
    x: (at) => left + ((at - from) / (to - from)) * (right - left),
    y: (heads) => bottom - (heads / most) * (bottom - top),
  };
}

/** Heads stay until the next answer, so the line goes in steps. */
export function stepsOf(curve: EventDetails['curve'], { x, y }: Scales, until: number): string {
  const [first, ...others] = curve;
  if (!first) return '';
  const steps = others.map(([at, heads]) => `H${x(at).toFixed(1)}V${y(heads).toFixed(1)}`);
  const end = Math.max(until, curve.at(-1)?.[0] ?? until);
  return `M${x(first[0]).toFixed(1)} ${y(first[1]).toFixed(1)}${steps.join('')}H${x(end).toFixed(1)}`;
}

/** Heads at a time; nothing before the first answer. */
export function headsAt(curve: EventDetails['curve'], time: number): number | null {
  let heads: number | null = null;
  for (const [at, count] of curve) {
    if (at > time) break;
    heads = count;
  }
  return heads;
}

/** As many rows as a reader wants to hear: the first, the last, and some between. */
export function thinned<T>(rows: readonly T[], most: number): T[] {
  if (rows.length <= most) return [...rows];
  const step = (rows.length - 1) / (most - 1);
  return Array.from({ length: most }, (_, index) => rows[Math.round(index * step)] as T);
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const STEPS_MS = [HOUR_MS, 3 * HOUR_MS, 6 * HOUR_MS, 12 * HOUR_MS, DAY_MS, 2 * DAY_MS, 7 * DAY_MS];

export interface Ticks {
  at: number[];
  /** Days or hours. */
  isDays: boolean;
}

/** Round times in the zone of the place, not more than there is room for. */
export function ticksOf({ from, to }: Pick<Scales, 'from' | 'to'>, offset: number, most: number): Ticks {
  const span = to - from;
  const fits = STEPS_MS.find((known) => span / known <= most);
  const step = fits ?? Math.ceil(span / most / (7 * DAY_MS)) * 7 * DAY_MS;
  const begin = Math.ceil((from + offset) / step) * step - offset;
  const at = Array.from({ length: Math.floor((to - begin) / step) + 1 }, (_, index) => begin + index * step);
  return { at: at.filter((time) => time >= from && time <= to), isDays: step >= DAY_MS };
}
