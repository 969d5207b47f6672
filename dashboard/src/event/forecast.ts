import type { EventDetails } from './contract';

export interface Forecast {
  /** Where the answers so far end. */
  from: number;
  heads: number;
  /** When the event begins, or soon after when nobody has said. */
  at: number;
  value: number;
  low: number;
  high: number;
}

type Told = Pick<EventDetails, 'curve' | 'time' | 'turnout' | 'as_of'>;

/** The fan from the answers so far to the beginning of the event; nothing without a forecast or an answer. */
export function forecastOf({ curve, time, turnout, as_of }: Told): Forecast | null {
  const last = curve.at(-1);
  if (!turnout || !last) return null;
  const now = Math.max(last[0], as_of?.stream_time ?? last[0]);
  const at = time ?? now;
  return {
    from: Math.min(now, at),
    heads: last[1],
    at,
    value: turnout.value,
    low: turnout.low,
    high: turnout.high,
  };
}
