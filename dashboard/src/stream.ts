import type { Ping, Snapshot, Tick } from './contract';

export type Connection = 'connecting' | 'live' | 'stale' | 'reconnecting';

/** Without any event for this long the figures are called stale: the server sends a ping each second. */
const STALE_AFTER_MS = 5_000;
/** Without any event for this long the connection is taken for dead, whatever the browser believes. */
const DEAD_AFTER_MS = 15_000;
const CHECK_EVERY_MS = 500;

const RETRY_LEAST_MS = 1_000;
const RETRY_SPREAD_MS = 2_000;
const RETRY_MOST_MS = 30_000;

const EVENTS = ['snapshot', 'tick', 'ping'] as const;
type StreamEvent = (typeof EVENTS)[number];

/** What tabs say to each other. */
interface Passed {
  /** A tab that joins asks for all figures. */
  asks?: boolean;
  /** An event of the stream, as it came. */
  event?: StreamEvent;
  data?: string;
  /** What became of the connection. */
  state?: Connection;
}

/** How long to wait before trying again: 1 to 3 s, doubled with each failure, 30 s at most. */
export function retryDelay(failures: number, random = Math.random()): number {
  const first = RETRY_LEAST_MS + RETRY_SPREAD_MS * random;
  return Math.min(RETRY_MOST_MS, first * 2 ** failures);
}

export interface Receiver {
  /** All figures as they are now, for a tab that joins; nothing before the first snapshot. */
  current(): Snapshot | null;
  snapshot(snapshot: Snapshot): void;
  tick(tick: Tick): void;
  ping(ping: Ping): void;
  connection(state: Connection): void;
  /** The server answered and gave no stream; in how many milliseconds it wants to be asked again, if it says so. */
  refused(address: string): Promise<number | undefined>;
}

/**
 * The stream of the live figures, one for all tabs that show the same: a browser has only six connections for each host.
 * The tab that holds the lock listens to the server and passes on what it hears; when it closes, the next one does.
 *
 * It stays open until closed: what the browser does not reopen by itself (an answer other than 200, a connection that
 * died in silence) is reopened here.
 */
export class LiveStream {
  readonly #receiver: Receiver;
  #events: EventSource | undefined;
  #query = '';
  #state: Connection = 'connecting';
  #lastEventAt = 0;
  #failures = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  /** Ends this tab's turn, or its waiting for one. */
  #leave: AbortController | undefined;
  #tabs: BroadcastChannel | undefined;
  #isLeading = false;
  /** Whether a snapshot of this query has come: what there was before is of another one. */
  #hasSnapshot = false;

  constructor(receiver: Receiver) {
    this.#receiver = receiver;
    setInterval(() => this.#check(), CHECK_EVERY_MS);
  }

  get isOpen(): boolean {
    return this.#leave !== undefined;
  }

  /** Opens it for the figures of a query, `?country=us` or nothing. */
  open(query: string): void {
    this.close();
    this.#query = query;
    this.#failures = 0;
    this.#join();
  }

  close(): void {
    this.#disconnect();
    this.#leave?.abort();
    this.#leave = undefined;
    this.#tabs?.close();
    this.#tabs = undefined;
    this.#isLeading = false;
  }

  /** Follows the tab that leads, if there is one, and waits for its place. */
  #join(): void {
    const name = `headcount-live${location.pathname}${this.#query}`;
    const leave = new AbortController();
    this.#leave = leave;
    this.#hasSnapshot = false;
    this.#lastEventAt = performance.now();
    const tabs = new BroadcastChannel(name);
    this.#tabs = tabs;
    tabs.onmessage = ({ data }: MessageEvent<Passed>) => this.#hear(data);
    tabs.postMessage({ asks: true } satisfies Passed);
    // Without locks, as in an insecure context, every tab leads itself.
    if (!navigator.locks) {
      this.#isLeading = true;
      this.#connect();
      return;
    }
    const turn = async () => {
      // It may be closed between the grant and now.
      if (leave.signal.aborted) return;
      this.#isLeading = true;
      this.#connect();
      await new Promise<void>((done) => leave.signal.addEventListener('abort', () => done()));
    };
    navigator.locks.request(name, { signal: leave.signal }, turn).catch(() => {
      // It was closed while it waited.
    });
  }

  /** What another tab says. */
  #hear({ asks, event, data, state }: Passed): void {
    if (this.#isLeading) {
      const current = asks && this.#hasSnapshot && this.#receiver.current();
      if (current)
        this.#tabs?.postMessage({ event: 'snapshot', data: JSON.stringify(current) } satisfies Passed);
      return;
    }
    if (event && data) this.#take(event, data);
    if (state) {
      this.#become(state);
      if (state === 'reconnecting') void this.#receiver.refused(this.#address());
    }
  }

  #take(event: StreamEvent, data: string): void {
    this.#lastEventAt = performance.now();
    this.#failures = 0;
    if (event === 'snapshot') {
      this.#hasSnapshot = true;
      this.#receiver.snapshot(JSON.parse(data) as Snapshot);
    } else if (!this.#hasSnapshot) return;
    else if (event === 'tick') this.#receiver.tick(JSON.parse(data) as Tick);
    else this.#receiver.ping(JSON.parse(data) as Ping);
    this.#become('live');
  }

  #disconnect(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#events?.close();
    this.#events = undefined;
  }

  #connect(): void {
    this.#disconnect();
    const events = new EventSource(this.#address());
    this.#events = events;
    this.#lastEventAt = performance.now();
    for (const event of EVENTS) {
      events.addEventListener(event, ({ data }: MessageEvent<string>) => {
        this.#tabs?.postMessage({ event, data } satisfies Passed);
        this.#take(event, data);
      });
    }
    events.onerror = () => this.#failed(events);
  }

  #failed(events: EventSource): void {
    this.#lose();
    // As long as it is not CLOSED the browser tries again by itself.
    if (events.readyState !== EventSource.CLOSED) return;
    this.#connectLater();
    const waiting = this.#retry;
    void this.#receiver.refused(this.#address()).then((after) => {
      // Meanwhile it may have been closed, or opened for something else.
      if (after !== undefined && this.#retry === waiting) this.#connectLater(after);
    });
  }

  #address(): string {
    return `api/v1/live${this.#query}`;
  }

  /** Says that the connection is lost, to the other tabs too. */
  #lose(): void {
    this.#tabs?.postMessage({ state: 'reconnecting' } satisfies Passed);
    this.#become('reconnecting');
  }

  #connectLater(after = retryDelay(this.#failures)): void {
    this.#disconnect();
    this.#retry = setTimeout(() => this.#connect(), after);
    this.#failures += 1;
  }

  #check(): void {
    if (!this.#events && this.#isLeading) return;
    if (!this.isOpen) return;
    const silence = performance.now() - this.#lastEventAt;
    if (silence > DEAD_AFTER_MS && this.#isLeading) {
      this.#lose();
      this.#connectLater();
    } else if (silence > STALE_AFTER_MS && this.#state === 'live') this.#become('stale');
  }

  #become(state: Connection): void {
    // Until the first snapshot there is nothing to reconnect to: a newcomer reads "connecting".
    this.#state = this.#state === 'connecting' && state !== 'live' ? 'connecting' : state;
    this.#receiver.connection(this.#state);
  }
}
