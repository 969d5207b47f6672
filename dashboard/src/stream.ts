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

/** How long to wait before trying again: 1 to 3 s, doubled with each failure, 30 s at most. */
export function retryDelay(failures: number, random = Math.random()): number {
  const first = RETRY_LEAST_MS + RETRY_SPREAD_MS * random;
  return Math.min(RETRY_MOST_MS, first * 2 ** failures);
}

export interface Receiver {
  snapshot(snapshot: Snapshot): void;
  tick(tick: Tick): void;
  ping(ping: Ping): void;
  connection(state: Connection): void;
  /** The server answered and gave no stream; in how many milliseconds it wants to be asked again, if it says so. */
  refused(address: string): Promise<number | undefined>;
}

/**
 * The stream of the live figures. It stays open until closed: what the browser does not reopen by itself
 * (an answer other than 200, a connection that died in silence) is reopened here.
 */
export class LiveStream {
  readonly #receiver: Receiver;
  #events: EventSource | undefined;
  #query = '';
  #state: Connection = 'connecting';
  #lastEventAt = 0;
  #failures = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(receiver: Receiver) {
    this.#receiver = receiver;
    setInterval(() => this.#check(), CHECK_EVERY_MS);
  }

  get isOpen(): boolean {
    return this.#events !== undefined || this.#retry !== undefined;
  }

  /** Opens it for the figures of a query, `?country=us` or nothing. */
  open(query: string): void {
    this.#query = query;
    this.#failures = 0;
    this.#connect();
  }

  close(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#events?.close();
    this.#events = undefined;
  }

  #connect(): void {
    this.close();
    const events = new EventSource(this.#address());
    this.#events = events;
    this.#lastEventAt = performance.now();
    this.#listen<Snapshot>(events, 'snapshot', (snapshot) => this.#receiver.snapshot(snapshot));
    this.#listen<Tick>(events, 'tick', (tick) => this.#receiver.tick(tick));
    this.#listen<Ping>(events, 'ping', (ping) => this.#receiver.ping(ping));
    events.onerror = () => this.#failed(events);
  }

  #listen<T>(events: EventSource, name: string, receive: (message: T) => void): void {
    events.addEventListener(name, (event: MessageEvent<string>) => {
      this.#lastEventAt = performance.now();
      this.#failures = 0;
      receive(JSON.parse(event.data));
      this.#become('live');
    });
  }

  #failed(events: EventSource): void {
    this.#become('reconnecting');
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

  #connectLater(after = retryDelay(this.#failures)): void {
    this.close();
    this.#retry = setTimeout(() => this.#connect(), after);
    this.#failures += 1;
  }

  #check(): void {
    if (!this.#events) return;
    const silence = performance.now() - this.#lastEventAt;
    if (silence > DEAD_AFTER_MS) {
      this.#become('reconnecting');
      this.#connectLater();
    } else if (silence > STALE_AFTER_MS && this.#state === 'live') this.#become('stale');
  }

  #become(state: Connection): void {
    // Until the first snapshot there is nothing to reconnect to: a newcomer reads "connecting".
    this.#state = this.#state === 'connecting' && state !== 'live' ? 'connecting' : state;
    this.#receiver.connection(this.#state);
  }
}
