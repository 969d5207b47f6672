// The latest figures and how fresh they are. What arrives is merged at once and shown once a frame;
// a hidden page gets no frames, so it draws nothing.

import { batch, computed, effect, signal } from '@preact/signals';
import type { Ping, Snapshot, Tick } from './contract';
import { addPulses } from './map/pulses';
import { isFilteredBy, merge } from './merge';
import { boardFilters, filterQuery } from './page';
import type { ProgramStatus } from './program/contract';
import type { Refusal } from './status';
import { type Connection, LiveStream } from './stream';

/** A page that is hidden for longer gives its connection back: a browser has only six for each host. */
const HIDDEN_KEEPS_MS = 30_000;
const REFUSAL_WITHIN_MS = 5_000;
/** There was room after all. */
const AT_ONCE_MS = 200;

/** What is on the screen; null until the first snapshot. */
export const figures = signal<Snapshot | null>(null);
export const connection = signal<Connection>('connecting');
export const paused = signal(false);
/** Answers that came in while paused. */
export const heldBack = signal(0);
/** Why the server is there and gives no figures. */
export const refusal = signal<Refusal | null>(null);
/** When the server last spoke, by its clock. */
export const heardAt = signal<number | null>(null);

/** Something else was chosen than what the figures on the screen are of. */
export const isBusy = computed(
  () => figures.value !== null && !isFilteredBy(figures.value.filter, boardFilters.value),
);
export const isFrozen = computed(() => connection.value === 'stale' || connection.value === 'reconnecting');

let latest: Snapshot | null = null;
let frame = 0;

function showSoon(): void {
  if (frame === 0) frame = requestAnimationFrame(show);
}

function show(): void {
  frame = 0;
  if (!latest) return;
  const current = figures.peek();
  // What is chosen while paused is shown all the same: the reader asked for it.
  const isAnswer = !current || JSON.stringify(current.filter) !== JSON.stringify(latest.filter);
  batch(() => {
    if (!paused.peek() || isAnswer) {
      figures.value = latest;
      heldBack.value = 0;
      heardAt.value = latest?.at ?? null;
    } else if (latest) heldBack.value = Math.max(0, latest.totals.rsvps - (current?.totals.rsvps ?? 0));
  });
}

function receiveSnapshot(snapshot: Snapshot): void {
  // Another version serves now, and this page may not understand it.
  if (latest && latest.build !== snapshot.build) location.reload();
  latest = snapshot;
  showSoon();
}

function receiveTick(tick: Tick): void {
  if (!latest) return;
  latest = merge(latest, tick);
  if (tick.pulses && !paused.peek() && !document.hidden) addPulses(tick.pulses);
  showSoon();
}

function receivePing({ at, sources }: Ping): void {
  if (!latest) return;
  latest = { ...latest, at, source: latest.source.map((known) => sources[known.name] ?? known) };
  showSoon();
}

const stream = new LiveStream({
  snapshot: receiveSnapshot,
  tick: receiveTick,
  ping: receivePing,
  connection: (state) => {
    connection.value = state;
    if (state === 'live') refusal.value = null;
  },
  refused: askWhy,
});

/** A stream that is refused has no text that a page could read, so the page asks the same by other means. */
async function askWhy(address: string): Promise<number | undefined> {
  const stop = new AbortController();
  const limit = setTimeout(() => stop.abort(), REFUSAL_WITHIN_MS);
  try {
    const answer = await fetch(address, { signal: stop.signal });
    if (answer.ok) return AT_ONCE_MS;
    // A proxy may refuse in its own words.
    const told: { error?: string; limit?: string } = await answer.json().catch(() => ({}));
    const isRefused = connection.peek() !== 'live';
    if (told.limit && told.error) refusal.value = isRefused ? { state: 'full', reason: told.error } : null;
    else refusal.value = isRefused ? await programRefusal(stop.signal) : null;
    const seconds = Number(answer.headers.get('retry-after'));
    return told.limit && seconds > 0 ? (seconds + Math.random()) * 1_000 : undefined;
  } catch {
    // It is not there: the connection says so.
    refusal.value = null;
    return undefined;
  } finally {
    clearTimeout(limit);
    stop.abort();
  }
}

/** What the program says of itself, if that is a reason to give no figures. */
async function programRefusal(signal: AbortSignal): Promise<Refusal | null> {
  const answer = await fetch('api/v1/status', { signal });
  const { ready, doing }: Pick<ProgramStatus, 'ready' | 'doing'> = await answer.json();
  return ready === 'failed' || ready === 'waiting' ? { state: ready, reason: doing } : null;
}

export function togglePause(): void {
  paused.value = !paused.peek();
  showSoon();
}

/** Opens the stream, and again whenever something else is chosen. The old figures stay until then. */
export function startLive(): void {
  effect(() => stream.open(filterQuery.value));
  let goodbye: ReturnType<typeof setTimeout> | undefined;
  document.addEventListener('visibilitychange', () => {
    clearTimeout(goodbye);
    if (document.hidden) goodbye = setTimeout(() => stream.close(), HIDDEN_KEEPS_MS);
    else if (!stream.isOpen) stream.open(filterQuery.peek());
  });
}
