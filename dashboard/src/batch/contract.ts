// What the batch worker answers, through the live server: POST /api/v1/sql, GET /api/v1/sql/schema,
// GET /api/v1/boards/NAME and GET /api/v1/batch. Times are milliseconds since 1970.

/** Up to where the journal is in the answer. */
export interface AsOf {
  offsets: number[];
  stream_time: number | null;
}

export interface Column {
  name: string;
  /** PostgreSQL's name: text, bigint, integer, double precision, numeric, boolean, date, timestamptz. */
  type: string;
}

/** Whole numbers beyond 2^53 are kept as their digits. */
export type Cell = string | number | boolean | null | readonly Cell[] | { readonly [name: string]: Cell };

export interface Answer {
  columns: Column[];
  rows: Cell[][];
  /** Whether there are more rows than these. */
  truncated: boolean;
  row_count: number;
  elapsed_ms: number;
  /** Read from the tables' files; null when it is not known. */
  bytes_read: number | null;
  as_of: AsOf | null;
}

export interface TableColumn extends Column {
  /** Part of the primary key. */
  key?: boolean;
  /** The table whose key this is. */
  references?: string | null;
}

export interface Table {
  name: string;
  /** Null where counting them would take a while, as in live tables. */
  rows: number | null;
  columns: TableColumn[];
}

export type Chart = 'bar' | 'line' | 'map' | 'table';

/** A statement that comes with the program. */
export interface Named {
  name: string;
  title: string;
  description: string;
  sql: string;
  chart: Chart;
  /** Columns: what is counted by, and the count. */
  x?: string | null;
  y?: string | null;
}

export interface Schema {
  tables: Table[];
  named: Named[];
  as_of: AsOf | null;
}

/** RFC 9457, with PostgreSQL's code and the place in the statement. */
export interface Problem {
  title: string;
  detail?: string | null;
  sqlstate?: string | null;
  /** The number of the character, from 1. */
  position?: number | null;
  /** The way out. */
  remedy?: string | null;
}

export interface BatchStatus {
  available: boolean;
  reason?: string | null;
  /** How to get a worker. */
  remedy?: string | null;
}

/** A statement as it is asked: written, or by its name with the filters of the page. */
export type Question =
  | { sql: string }
  | { named: string; filters: Readonly<Record<string, readonly string[]>> };
