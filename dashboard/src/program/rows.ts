// From the answer to the rows of the tables.

import type { Account, Partition, ProgramStatus, Worker } from './contract';

/** A worker that has been silent for longer is called lost: it says that it is there every few seconds. */
export const SILENT_AFTER_MS = 15_000;

/** The partitions, in one process as in many: there the process itself owns them all. */
export function partitionRows({ cluster, as_of }: ProgramStatus): Partition[] {
  if (cluster) return cluster.partitions;
  const offsets = as_of?.offsets ?? [];
  return offsets.map((offset, partition) => ({
    partition,
    owner: null,
    epoch: 0,
    offset,
    lag: null,
    stream_time: as_of?.stream_time ?? null,
    served_offset: null,
    checkpoint_offset: null,
  }));
}

export function isSilent(worker: Worker, at: number): boolean {
  return at - worker.seen > SILENT_AFTER_MS;
}

/** The sum of counts by reason. */
export function sum(reasons: Record<string, number>): number {
  return Object.values(reasons).reduce((all, count) => all + count, 0);
}

/** Reasons with their counts, the most first; ties by name. */
export function byCount(reasons: Record<string, number>): [string, number][] {
  return Object.entries(reasons).sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
}

/** Whether every record received is accounted for. */
export function balances(account: Account): boolean {
  const { received, kept, rejected, quarantined } = account;
  const counted = account.new + account.replaced + account.repeated + account.stale + sum(quarantined);
  return received === kept + sum(rejected) && kept === counted;
}
