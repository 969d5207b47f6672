// What was to be expected of an event in this hour, beside the plain count. The tables know the past; they are asked once a
// minute while the page is looked at, and not at all where there are none.

import { signal } from '@preact/signals';
import { askBatchStatus, askJson } from '../batch/client';

export interface Surprise {
  /** The event's id. */
  key: string;
  /** Those who said yes in this hour. */
  count: number;
  /** How many were to be expected in the whole hour. */
  expected: number;
  /** Of as many or more if nothing has changed. */
  probability: number;
}

const EVERY_MS = 60_000;
/** Chance alone gives an event such an hour once in a thousand. */
const RARE = 0.001;

export const surprises = signal<ReadonlyMap<string, Surprise>>(new Map());

export const isRare = ({ probability }: Surprise): boolean => probability < RARE;

/** Follows until the returned function is called. */
export function followSurprise(): () => void {
  const stop = new AbortController();
  const look = () => {
    if (document.visibilityState === 'visible') void ask(stop.signal);
  };
  look();
  const timer = setInterval(look, EVERY_MS);
  return () => {
    clearInterval(timer);
    stop.abort();
  };
}

/** Without an answer the list stays as it is: it only adds to what the page shows. */
async function ask(signal: AbortSignal): Promise<void> {
  try {
    if (!(await askBatchStatus(signal)).available) return;
    const { events } = await askJson<{ events?: { now: Surprise[] } }>('surprise', signal);
    surprises.value = new Map(events?.now.map((surprise) => [surprise.key, surprise]));
  } catch {
    // The worker ends and starts again by itself; the next minute is soon enough.
  }
}
