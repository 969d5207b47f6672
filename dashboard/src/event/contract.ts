// What GET api/v1/events/ID answers. Times are milliseconds since 1970; counts are as they now stand.

import type { AsOf } from '../batch/contract';

export interface Answers {
  yes: number;
  no: number;
  /** Absent while nobody says so. */
  maybe?: number;
  guests: number;
  /** Those who come, with their guests. */
  heads: number;
  /** Answers and changes of them. */
  versions: number;
  changed: number;
}

export interface Category {
  value: string;
  source: 'group' | 'model';
  /** Only from a model. */
  probability?: number | null;
  model?: string | null;
  alternatives?: [category: string, probability: number][];
}

/** How many will come, and the interval that holds four times in five. */
export interface Turnout {
  value: number;
  low: number;
  high: number;
  model: string;
}

export interface EventDetails {
  id: string;
  name: string | null;
  url: string | null;
  time: number | null;
  /** Of the place, in milliseconds. */
  utc_offset: number | null;
  status: string | null;
  group: { id: number; name: string | null; city: string | null; country: string | null } | null;
  venue: {
    id: number;
    name: string | null;
    lat: number | null;
    lon: number | null;
    city: string | null;
  } | null;
  answers: Answers;
  rsvp_limit: number | null;
  /** Absent where nobody counts it. */
  waitlist?: number | null;
  photos: number;
  comments: number;
  /** Heads by time of the answer. */
  curve: [at: number, heads: number][];
  category: Category | null;
  turnout: Turnout | null;
  /** That the next answer is yes. */
  response: { probability: number; model: string } | null;
  as_of: AsOf | null;
}
