import type { Source } from './contract';
import type { Connection } from './stream';

/** What the reader is told of the figures: how the page stands to the server, and the server to its sources. */
export type Status = Connection | 'paused' | 'ended' | 'waiting';

export function statusOf(connection: Connection, isPaused: boolean, sources: readonly Source[]): Status {
  if (isPaused) return 'paused';
  if (connection !== 'live' || sources.length === 0) return connection;
  if (sources.every((source) => source.state === 'ended')) return 'ended';
  const isLost = ({ state }: Source) => state === 'connecting' || state === 'reconnecting';
  // One source that flows is enough: the others are named on hover.
  if (sources.some(isLost) && sources.every((source) => isLost(source) || source.state === 'ended'))
    return 'waiting';
  return 'live';
}

/** When the last record of all came in, by the server's clock. */
export function lastRecordAt(sources: readonly Source[]): number | null {
  const times = sources.flatMap((source) => source.last_record_at ?? []);
  return times.length > 0 ? Math.max(...times) : null;
}
