// What GET /api/v1/live sends: `snapshot` first, then `tick` when something changed, and `ping` each second.
// Every figure is absolute. Times are milliseconds since 1970; counts are of RSVPs as they now stand.

export interface Totals {
  rsvps: number;
  yes: number;
  no: number;
  /** Absent while nobody says so. */
  maybe?: number;
  guests: number;
  heads: number;
  events: number;
  venues: number;
  groups: number;
  countries: number;
  /** Answers per second, mean of the last 10 s of record time. */
  rate: number;
  /** What is answered, under the filter but for what it says of answers. */
  responses: { yes: number; no: number; maybe?: number };
}

export interface CountryRow {
  /** ISO 3166 alpha-2 in lower case, as in the feed; `unknown` where nobody has told one. */
  country: string;
  yes: number;
  no: number;
  /** Absent while nobody says so. */
  maybe?: number;
  heads: number;
}

export interface CityRow {
  city: string;
  state: string;
  country: string;
  yes: number;
  no: number;
  /** Absent while nobody says so. */
  maybe?: number;
}

export interface TopicRow {
  topic: string;
  name: string;
  yes: number;
  no: number;
  /** Absent while nobody says so. */
  maybe?: number;
}

export interface VenueRow {
  venue_id: number;
  name: string;
  city: string;
  country: string;
  lat: number | null;
  lon: number | null;
  yes: number;
  no: number;
  /** Absent while nobody says so. */
  maybe?: number;
}

export interface TrendingRow {
  event_id: string;
  name: string;
  group: string;
  country: string;
  city: string;
  venue: string | null;
  /** When the event takes place. */
  time: number | null;
  url: string | null;
  /** Those who said yes in the last 10 minutes of record time. */
  recent: number;
  /** What a model takes the event for, when its group has no category. */
  category?: { value: string; probability: number } | null;
  yes: number;
  no: number;
  /** Absent while nobody says so. */
  maybe?: number;
  heads: number;
}

/** Answers in consecutive windows, oldest first. */
export interface History {
  /** Begin of the first window. */
  start: number;
  step_ms: number;
  yes: number[];
  no: number[];
  maybe?: number[];
}

export type Dot = [lon: number, lat: number, rsvps: number, country: string];
/** The response is 1 for yes, 0 for no and 2 for maybe. */
export type Pulse = [lon: number, lat: number, response: 2 | 1 | 0, country: string, count: number];

export interface Source {
  state: 'live' | 'connecting' | 'reconnecting' | 'ended' | 'idle' | 'failed';
  name: string;
  /** Records as they happen, a recording at its own speed, invented records, a recording at full speed. */
  kind: 'stream' | 'replay' | 'simulation' | 'file';
  /** Of a replay: times the speed of record time. */
  speed?: number;
  last_record_at: number | null;
  gaps: number;
  /** What is wrong at present, as a sentence. */
  error: string | null;
  /** What the reader should know although the source works, such as a clock that is wrong. */
  notice?: string | null;
}

/** Whether figures are counted and served. */
export interface Readiness {
  state: 'ready' | 'starting' | 'waiting' | 'failed';
  reason: string | null;
}

/** What the figures are of; a dimension without values is absent, but for the country. */
export interface LiveFilter {
  country: string[];
  city?: string[];
  topic?: string[];
  response?: string[];
  venue?: number[];
  group?: number[];
  event?: string[];
}

/** What became of every message, whatever the filter. */
export interface LedgerTotals {
  received: number;
  kept: number;
  rejected: number;
  balanced: boolean;
  /** Records that are answers. */
  answers: number;
  /** Answers that told nothing new. */
  repeats: number;
  /** Answers that changed an earlier one. */
  changes: number;
}

export interface Snapshot {
  seq: number;
  /** The server's clock; only for "updated at". */
  at: number;
  /** The version of server and page together. */
  build: string;
  filter: LiveFilter;
  /** How far record time has come. */
  stream_time: number | null;
  totals: Totals;
  /** Not filtered. */
  all: { rsvps: number };
  /** Most RSVPs first, and of the whole world: a panel ignores the filter of its own dimension. */
  countries: CountryRow[];
  cities: CityRow[];
  topics: TopicRow[];
  venues: VenueRow[];
  trending: TrendingRow[];
  history: History;
  dots: Dot[];
  source: Source[];
  ready: Readiness;
  /** What the reader should know although figures are served, such as that the disk is nearly full. */
  notice?: string | null;
  ledger: LedgerTotals;
}

/** Those members that changed, of long ones the changes alone, and the answers counted since the last tick. */
export type Tick = Partial<Snapshot> & {
  seq: number;
  at: number;
  pulses?: Pulse[];
  /** From the first window that changed. */
  history_changes?: History;
  /** The dots whose figure changed; 0 where a dot is gone. Those at one place are one. */
  dots_changes?: Dot[];
};

export interface Ping {
  seq: number;
  at: number;
  /** By name: records that change no figure are known by the time of the last one alone. */
  sources: Record<string, Source>;
}
