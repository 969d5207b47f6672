// Counts of RSVPs as they now stand, by group-bys over event rows as the real engine does, only slower.

const STEP_MS = 5_000;
const STEPS = 60;
const TREND_MS = 600_000;
const RATE_MS = 10_000;
const LATENESS_MS = 10_000;

export class Figures {
  version = 0;
  sources = [];
  #events = new Map();
  #winners = new Map();
  /** Begin of a window, then country, then [no, yes]. */
  #windows = new Map();
  #latest = Number.NEGATIVE_INFINITY;
  #recent = [];
  #pulses = [];
  #received = 0;

  /** A record as the Meetup stream sends it. */
  count(record) {
    this.version += 1;
    this.#received += 1;
    const event = this.#eventOf(record);
    const key = `${event.event_id} ${record.rsvp_id}`;
    const before = this.#winners.get(key);
    if (before && !isLater(record, before)) return;
    if (before) this.#add(event, before, -1);
    this.#winners.set(key, { response: record.response, guests: record.guests ?? 0, mtime: record.mtime });
    this.#add(event, record, 1);
    this.#latest = Math.max(this.#latest, record.mtime);
    const place = event.lat === null ? null : [event.lon, event.lat];
    if (place) this.#pulses.push([...place, record.response === 'yes' ? 1 : 0, event.country, 1]);
  }

  takePulses() {
    return this.#pulses.splice(0);
  }

  #eventOf({ event, group, venue }) {
    const known = this.#events.get(event.event_id);
    if (known) return known;
    const isPlaced = venue?.lat && venue?.lon;
    const made = {
      event_id: event.event_id,
      name: event.event_name ?? '',
      time: event.time ?? null,
      url: event.event_url ?? null,
      group: group.group_name,
      group_id: group.group_id,
      city: group.group_city,
      state: group.group_state ?? '',
      country: group.group_country,
      topics: group.group_topics ?? [],
      venue_id: venue?.venue_id ?? null,
      venue: venue?.venue_name ?? null,
      lat: isPlaced ? venue.lat : null,
      lon: isPlaced ? venue.lon : null,
      yes: 0,
      no: 0,
      guests: 0,
      recent: 0,
      category: guessOf(group),
    };
    this.#events.set(event.event_id, made);
    return made;
  }

  #add(event, { response, guests = 0, mtime }, sign) {
    event[response] += sign;
    if (response === 'yes') event.guests += sign * guests;
    const begin = Math.floor(mtime / STEP_MS) * STEP_MS;
    const window = this.#windows.get(begin) ?? this.#windows.set(begin, {}).get(begin);
    window[event.country] ??= [0, 0];
    window[event.country][response === 'yes' ? 1 : 0] += sign;
    if (sign > 0) {
      const coming = response === 'yes' ? 1 : 0;
      event.recent += coming;
      this.#recent.push({ event, mtime, coming });
    }
  }

  /** The event rows. */
  events() {
    this.#forgetOld();
    return [...this.#events.values()];
  }

  #forgetOld() {
    while (this.#recent[0] && this.#recent[0].mtime < this.#latest - TREND_MS) {
      const { event, coming } = this.#recent.shift();
      event.recent -= coming;
    }
  }

  view(countries) {
    this.#forgetOld();
    const everything = [...this.#events.values()].filter((event) => event.yes + event.no > 0);
    const isWanted = (event) => countries.length === 0 || countries.includes(event.country);
    const events = everything.filter(isWanted);
    const venues = groupBy(
      events.filter((event) => event.venue_id !== null),
      (event) => event.venue_id,
      (event) => ({
        venue_id: event.venue_id,
        name: event.venue,
        city: event.city,
        country: event.country,
        lat: event.lat,
        lon: event.lon,
      }),
    );
    return {
      filter: { country: countries },
      stream_time: this.#events.size > 0 ? this.#latest - LATENESS_MS : null,
      totals: { ...totalsOf(events), venues: venues.length, rate: this.#rate(isWanted) },
      all: { rsvps: sumOf(everything, 'yes') + sumOf(everything, 'no') },
      countries: groupBy(
        everything,
        (event) => event.country,
        ({ country }) => ({ country }),
      ),
      cities: groupBy(
        events,
        (event) => `${event.city}|${event.state}|${event.country}`,
        ({ city, state, country }) => ({ city, state, country }),
      ).slice(0, 50),
      topics: topicsOf(events).slice(0, 50),
      venues: venues.slice(0, 50),
      trending: trendingOf(events),
      history: this.#history(countries),
      dots: venues
        .filter((venue) => venue.lat !== null)
        .slice(0, 5_000)
        .map(({ lon, lat, yes, no, country }) => [lon, lat, yes + no, country]),
      source: this.sources.map((source) => ({ ...source })),
      ready: { state: 'ready', reason: null },
      ledger: {
        received: this.#received,
        kept: this.#received,
        rejected: 0,
        balanced: true,
        answers: this.#received,
        repeats: this.#received - this.#winners.size,
        changes: 0,
      },
    };
  }

  #history(countries) {
    const end = Math.floor(this.#latest / STEP_MS) * STEP_MS;
    const start = this.#events.size > 0 ? end - STEP_MS * (STEPS - 1) : 0;
    const history = { start, step_ms: STEP_MS, yes: [], no: [] };
    for (let step = 0; step < STEPS; step++) {
      const window = this.#windows.get(start + step * STEP_MS) ?? {};
      const wanted =
        countries.length > 0 ? countries.map((code) => window[code] ?? [0, 0]) : Object.values(window);
      history.no.push(wanted.reduce((sum, counts) => sum + counts[0], 0));
      history.yes.push(wanted.reduce((sum, counts) => sum + counts[1], 0));
    }
    return history;
  }

  #rate(isWanted) {
    const from = this.#latest - RATE_MS;
    let count = 0;
    for (let index = this.#recent.length - 1; index >= 0 && this.#recent[index].mtime > from; index--)
      if (isWanted(this.#recent[index].event)) count += 1;
    return count / (RATE_MS / 1000);
  }

  summary() {
    const { totals, countries, ledger } = this.view([]);
    const byCountry = countries.map(({ country, ...counts }) => [country, counts]);
    return { ...totals, by_country: Object.fromEntries(byCountry), ledger };
  }
}

/** A re-sent record carries its time rounded to the second, and then loses to the original. */
function isLater(record, before) {
  const rank = ({ mtime }) => [Math.round(mtime / 1000), mtime % 1000 === 0 ? 0 : 1, mtime];
  const [one, other] = [rank(record), rank(before)];
  const index = one.findIndex((value, at) => value !== other[at]);
  return index >= 0 && one[index] > other[index];
}

function totalsOf(events) {
  const yes = sumOf(events, 'yes');
  const no = sumOf(events, 'no');
  const guests = sumOf(events, 'guests');
  const distinct = (name) => new Set(events.map((event) => event[name])).size;
  return {
    rsvps: yes + no,
    yes,
    no,
    guests,
    heads: yes + guests,
    responses: { yes, no },
    events: events.length,
    groups: distinct('group_id'),
    countries: distinct('country'),
  };
}

function groupBy(events, keyOf, describe) {
  const rows = new Map();
  for (const event of events) {
    const key = keyOf(event);
    const row = rows.get(key) ?? rows.set(key, { ...describe(event), yes: 0, no: 0, heads: 0 }).get(key);
    row.yes += event.yes;
    row.no += event.no;
    row.heads += event.yes + event.guests;
  }
  return [...rows.values()].sort((one, other) => other.yes - one.yes);
}

function topicsOf(events) {
  const pairs = events.flatMap((event) => event.topics.map((topic) => ({ ...event, topic })));
  return groupBy(
    pairs,
    ({ topic }) => topic.urlkey,
    ({ topic }) => ({
      topic: topic.urlkey,
      name: topic.topic_name,
    }),
  );
}

function trendingOf(events) {
  const first = events.filter((event) => event.recent > 0).sort((one, other) => other.recent - one.recent);
  return first
    .slice(0, 20)
    .map(({ event_id, name, group, country, city, venue, time, url, recent, category, yes, no, guests }) => ({
      event_id,
      name,
      group,
      country,
      city,
      venue,
      time,
      url,
      recent,
      category,
      yes,
      no,
      heads: yes + guests,
    }));
}

function sumOf(rows, name) {
  return rows.reduce((sum, row) => sum + row[name], 0);
}

/** Every third group has no category, and a model guesses one. */
function guessOf({ group_id, group_topics = [] }) {
  const value = group_topics[0]?.topic_name;
  return group_id % 3 === 0 && value ? { value, probability: 0.55 + (group_id % 40) / 100 } : null;
}
