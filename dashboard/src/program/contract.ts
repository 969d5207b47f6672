// What GET /api/v1/status answers. Times are milliseconds since 1970; counts are of records.

import type { Source as LiveSource, Readiness } from '../contract';

export interface Source extends LiveSource {
  reconnects: number;
}

export interface Account {
  received: number;
  kept: number;
  rejected: Record<string, number>;
  new: number;
  replaced: number;
  repeated: number;
  stale: number;
  quarantined: Record<string, number>;
  gaps: number;
}

/** The sum of all sources, and each of them by name. */
export type Ledger = Account & {
  balanced: boolean;
  /** Winners older than the windows that are kept, and far ahead of them. */
  late: number;
  ahead: number;
  sources: Record<string, Account>;
};

export interface Worker {
  name: string;
  roles: string[];
  version: string;
  started: number;
  /** When it last said that it is there. */
  seen: number;
  partitions: number[];
  sources: string[];
}

export interface Partition {
  partition: number;
  owner: string | null;
  epoch: number;
  /** One past the last entry counted. */
  offset: number;
  lag: number | null;
  stream_time: number | null;
  served_offset: number | null;
  checkpoint_offset: number | null;
}

/** The file system of the data folder. */
export interface Disk {
  /** What goes on with so little room. */
  level: 'enough' | 'low' | 'optional_stopped' | 'ingest_stopped';
  free_bytes: number;
  total_bytes: number;
  /** What stopped and how it goes on, as a sentence. */
  notice: string | null;
}

export interface ProgramStatus {
  at: number;
  version: string;
  build: string;
  ready: Readiness['state'];
  doing: string | null;
  /** Absent where this process writes none. */
  disk?: Disk | null;
  sources: Source[];
  rate: number | null;
  ledger: Ledger | null;
  as_of: { offsets: number[]; stream_time: number | null } | null;
  /** Null where one process does it all. */
  cluster: { workers: Worker[]; partitions: Partition[] } | null;
}
