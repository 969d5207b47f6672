// What the reader is told of the figures: how the page stands to the server, the server to its sources, and
// the data to the present. "Live" is said only of records that have just happened.

import type { Readiness, Source } from './contract';
import type { Connection } from './stream';

export type Status =
  | Connection
  | 'paused'
  /** The program, or every source, cannot go on. */
  | 'failed'
  /** The server has no room for another page. */
  | 'full'
  /** The program waits for something, such as room on its disk. */
  | 'blocked'
  /** No source is connected. */
  | 'waiting'
  /** Records are older than they look: they are being caught up with. */
  | 'behind'
  /** Connected, and nothing has come for a while. */
  | 'silent'
  /** Everything that the sources have was read; more may come. */
  | 'current'
  | 'simulated'
  | 'replay'
  | 'reading'
  /** Nobody here brings records, and the newest are of another day. */
  | 'stored'
  | 'ended';

/** What a server says that gives no stream: it cannot, or it has no room for another. */
export type Refusal = Readiness | { state: 'full'; reason: string };

export interface Known {
  connection: Connection;
  isPaused: boolean;
  ready: Refusal;
  sources: readonly Source[];
  /** How far record time has come. */
  streamTime: number | null;
  /** When the server last spoke, by its clock. */
  at: number | null;
}

/** Stream time stays ten seconds behind the newest record by design; a minute is more than a slow reader adds. */
const BEHIND_AFTER_MS = 60_000;
/** Nobody catches up with another day where nothing brings records. */
const STORED_AFTER_MS = 86_400_000;
/** A stream that has been silent for longer may be broken, whatever its connection says. */
const SILENT_AFTER_MS = 60_000;

export function statusOf({ connection, isPaused, ready, sources, streamTime, at }: Known): Status {
  if (isPaused) return 'paused';
  if (connection !== 'live') return connection;
  if (ready.state === 'full') return 'full';
  if (ready.state === 'failed') return 'failed';
  if (ready.state === 'waiting') return 'blocked';
  // A process without sources of its own shows what others count.
  if (sources.length === 0) {
    const lag = lagOf(sources, streamTime, at);
    if (lag > STORED_AFTER_MS) return 'stored';
    return lag > BEHIND_AFTER_MS ? 'behind' : 'live';
  }
  const active = sources.filter(isActive);
  if (active.length === 0) return sources.some(({ state }) => state === 'failed') ? 'failed' : 'ended';
  // One source that flows is enough: the others are named in the banner and on hover.
  const flowing = active.filter((source) => !isLost(source));
  if (flowing.length === 0) return 'waiting';
  return statusOfFlowing(flowing, streamTime, at);
}

function statusOfFlowing(flowing: readonly Source[], streamTime: number | null, at: number | null): Status {
  const streams = flowing.filter(({ kind }) => kind === 'stream');
  if (streams.length > 0) {
    // A followed file that was read to its end is neither behind nor silent.
    const isRead = streams.every(({ state }) => state === 'idle');
    if (lagOf(streams, streamTime, at) > BEHIND_AFTER_MS) return isRead ? 'current' : 'behind';
    const last = lastRecordAt(streams);
    const isQuiet = at !== null && (last === null ? isRead : at - last > SILENT_AFTER_MS);
    if (isQuiet) return isRead ? 'current' : 'silent';
    return 'live';
  }
  if (flowing.some(({ kind }) => kind === 'replay')) return 'replay';
  if (flowing.some(({ kind }) => kind === 'simulation')) return 'simulated';
  return 'reading';
}

/**
 * How old the newest record was when it came, in ms. A quiet stream is not behind: its last record was new
 * when it came, so that moment counts, and the present only where nobody knows it.
 */
export function lagOf(sources: readonly Source[], streamTime: number | null, at: number | null): number {
  const then = lastRecordAt(sources) ?? at;
  return then === null || streamTime === null ? 0 : Math.max(0, then - streamTime);
}

/** The lag that the reader is told of: none while it is as small as it always is. */
export function lagShown(known: Known): number | null {
  const status = statusOf(known);
  if (status !== 'behind' && status !== 'simulated') return null;
  const sources = known.sources.filter((source) => isActive(source) && !isLost(source));
  const lag = lagOf(sources, known.streamTime, known.at);
  return lag > BEHIND_AFTER_MS ? lag : null;
}

/** The speed of the replay, if there is one. */
export function speedOf(sources: readonly Source[]): number | null {
  return sources.find(({ kind, state }) => kind === 'replay' && state !== 'ended')?.speed ?? null;
}

/** Sentences about what is wrong, for the banner. */
export function troublesOf(
  ready: Refusal,
  sources: readonly Source[],
  notice: string | null = null,
): string[] {
  const failed = sources
    .filter((source) => source.state === 'failed' || (isLost(source) && source.error))
    .map((source) => `${source.name}: ${errorOf(source) ?? source.state}`);
  const notices = sources.flatMap(({ notice }) => notice ?? []);
  // A disk that is full is a notice, and the reason why records wait.
  return [...new Set([...programTroubles(ready), ...(notice ? [notice] : []), ...failed, ...notices])];
}

function programTroubles({ state, reason }: Refusal): string[] {
  if (state === 'ready' || state === 'starting') return [];
  if (state === 'full') {
    const sentence = reason.charAt(0).toUpperCase() + reason.slice(1);
    return [`${sentence}. This page goes on by itself as soon as there is room.`];
  }
  return [reason ?? state];
}

/** What is wrong with a source, to stand beside its name: many errors begin with the address or path in the name. */
export function errorOf({ name, error }: Source): string | null {
  const end = error?.indexOf(': ') ?? -1;
  if (!error || end < 0) return error;
  const place = error.slice(0, end);
  const isNamed = place === name || (place.includes('/') && name.includes(place));
  return isNamed ? error.slice(end + 2) : error;
}

/** When the last record of all came in, by the server's clock. */
export function lastRecordAt(sources: readonly Source[]): number | null {
  const times = sources.flatMap((source) => source.last_record_at ?? []);
  return times.length > 0 ? Math.max(...times) : null;
}

function isActive({ state }: Source): boolean {
  return state !== 'ended' && state !== 'failed';
}

function isLost({ state }: Source): boolean {
  return state === 'connecting' || state === 'reconnecting';
}
