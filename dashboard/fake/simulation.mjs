// Believable enough to look at: real cities, skewed events, a rate that wanders.
import { CITIES, EVENTS, PLACES, ROOMS } from './names.mjs';

const TICK_MS = 50;
const VENUES = 5_000;
const EVENTS_MAX = 2_600;
const MINUTES_BEFORE = 6;

export function simulate(options, take) {
  const rate = Number(options.get('rate') ?? 26);
  const random = randomFrom(Number(options.get('seed') ?? 7));
  const pick = (list) => list[Math.floor(random() * list.length)];
  const pickCity = weighted(CITIES, (city) => city.weight, random);
  const venues = Array.from({ length: VENUES }, (_, index) => venueIn(pickCity(), index, random, pick));
  const events = Array.from({ length: EVENTS_MAX }, (_, index) => eventAt(pick(venues), index, random, pick));
  const pickEvent = weighted(events, (event) => event.weight, random);
  let id = 0;
  const answer = (mtime) => {
    const { event, group, venue } = pickEvent();
    const response = random() < 0.76 ? 'yes' : 'no';
    const guests = response === 'yes' && random() < 0.12 ? 1 + Math.floor(random() * 3) : 0;
    take({ rsvp_id: ++id, response, guests, mtime: Math.floor(mtime), event, group, venue });
  };

  if (rate === 0) return;
  const now = Date.now();
  const before = Number(options.get('before') ?? 80_000);
  for (let count = 0; count < before; count++) answer(now - 3_600_000 + count);
  let at = now - MINUTES_BEFORE * 60_000;
  const advance = (until) => {
    while (at < until) {
      answer(at);
      at += (-Math.log(1 - random()) * 1000) / rateAt(at, rate);
    }
  };
  advance(now);
  setInterval(() => advance(Date.now()), TICK_MS);
}

function rateAt(time, mean) {
  const seconds = time / 1000;
  return mean * (1 + 0.35 * Math.sin(seconds / 41) + 0.25 * Math.sin(seconds / 7));
}

function venueIn(city, index, random, pick) {
  const around = () => (random() + random() + random() - 1.5) * 0.5 * (1 + 3 * random() * random());
  return {
    city,
    venue_id: index + 1,
    venue_name: `${pick(PLACES)} ${pick(ROOMS)}`,
    lat: Number((city.lat + around()).toFixed(3)),
    lon: Number((city.lon + around()).toFixed(3)),
  };
}

function eventAt({ city, ...venue }, index, random, pick) {
  const kind = pick(EVENTS);
  const topics = [kind.topic, pick(EVENTS).topic];
  const hour = 3_600_000;
  return {
    weight: random() ** -0.62,
    event: {
      event_id: String(220_000_000 + index),
      event_name: pick(kind.names),
      event_url: `https://example.org/events/${index}`,
      time: Math.floor(Date.now() / hour + random() * 480) * hour,
    },
    group: {
      group_id: index % 1_900,
      group_name: pick(kind.groups).replace('{}', city.name),
      group_city: city.name,
      group_state: city.state,
      group_country: city.country,
      group_topics: [...new Set(topics)].map((topic_name) => ({
        urlkey: topic_name.toLowerCase(),
        topic_name,
      })),
    },
    venue,
  };
}

/** The same numbers for the same seed, so that two pictures can be compared. */
function randomFrom(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >>> 0) / 2 ** 32;
  };
}

function weighted(list, weightOf, random) {
  let total = 0;
  const bounds = list.map((item) => {
    total += weightOf(item);
    return total;
  });
  return () => {
    const wanted = random() * total;
    let low = 0;
    let high = bounds.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (bounds[middle] < wanted) low = middle + 1;
      else high = middle;
    }
    return list[low];
  };
}
