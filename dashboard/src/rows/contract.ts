// What GET /api/v1/events and the other lists say.

export interface ListRow {
  /** What the filter of this kind takes: an event's id, a number, `city|state|country`, a topic's key, a country's code. */
  id: string;
  name: string;
  group?: string;
  group_id?: number;
  venue?: string;
  venue_id?: number;
  city?: string;
  /** ISO 3166 alpha-2 in lower case, or `unknown`. */
  country?: string;
  /** When an event takes place, ms since 1970. */
  time?: number;
  /** Answers of the last 10 minutes of record time, of an event. */
  recent?: number;
  /** Events with an answer; absent for an event itself. */
  events?: number;
  yes: number;
  no: number;
  maybe: number;
  heads: number;
}

export interface ListAnswer {
  as_of: { offsets: number[]; stream_time: number | null };
  /** Rows of the whole list. */
  total: number;
  /** Rows before these. */
  offset: number;
  rows: ListRow[];
}
