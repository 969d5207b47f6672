import { HEADERS } from './site.mjs';

const TICK_MS = 100;
const PING_MS = 1_000;
const PULSES_MAX = 64;
/** Some members are sent less often than the others. */
const EVERY_MS = { cities: 500, topics: 500, venues: 500, trending: 500, dots: 2_000 };

/** Everyone who listens: a snapshot first, then what changed. */
export class Live {
  #figures;
  #listeners = new Set();

  constructor(figures) {
    this.#figures = figures;
    setInterval(() => this.#tick(), TICK_MS);
    setInterval(() => this.#ping(), PING_MS);
  }

  open(request, response, country) {
    response.writeHead(200, {
      ...HEADERS,
      'content-type': 'text/event-stream',
      'x-accel-buffering': 'no',
    });
    const countries = country.toLowerCase().split(',').filter(Boolean).sort();
    const view = this.#figures.view(countries);
    const sent = {};
    for (const [name, value] of Object.entries(view))
      sent[name] = { json: JSON.stringify(value), at: Date.now() };
    const listener = { response, countries, sent };
    response.write('retry: 1000\n');
    write(response, 'snapshot', { seq: this.#figures.version, at: Date.now(), build: 'fake', ...view });
    this.#listeners.add(listener);
    request.on('close', () => this.#listeners.delete(listener));
  }

  #ping() {
    const sources = Object.fromEntries(this.#figures.sources.map((source) => [source.name, source]));
    for (const { response } of this.#listeners)
      write(response, 'ping', { at: Date.now(), seq: this.#figures.version, sources });
  }

  #tick() {
    const pulses = this.#figures.takePulses();
    for (const listener of this.#listeners) {
      const changed = changesFor(listener, this.#figures.view(listener.countries));
      const seen = pulses.filter(([, , , country]) => isWanted(listener, country)).slice(0, PULSES_MAX);
      if (seen.length > 0) changed.pulses = seen;
      if (Object.keys(changed).length === 0) continue;
      write(listener.response, 'tick', { seq: this.#figures.version, at: Date.now(), ...changed });
    }
  }
}

function isWanted({ countries }, country) {
  return countries.length === 0 || countries.includes(country);
}

function changesFor({ sent }, view) {
  const now = Date.now();
  const changed = {};
  for (const [name, value] of Object.entries(view)) {
    if (now - sent[name].at < (EVERY_MS[name] ?? 0)) continue;
    const json = JSON.stringify(value);
    if (json === sent[name].json) continue;
    sent[name] = { json, at: now };
    changed[name] = value;
  }
  return changed;
}

function write(response, event, data) {
  response.write(`id: ${data.seq}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}
