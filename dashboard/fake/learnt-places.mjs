// Clusters of the venues of the simulation, its themes and its events: by a simple rule, and the same each time.
import { CITIES, EVENTS } from './names.mjs';

const SUGGESTED = 9;
const K_MIN = 2;
const K_MAX = 40;
const SPREAD = 0.9;
/** A few beyond the simulation, for hulls across the antimeridian. */
const FAR = [
  { name: 'Suva', country: 'fj', lat: -18.14, lon: 178.44, weight: 8 },
  { name: 'Apia', country: 'ws', lat: -13.83, lon: -171.76, weight: 6 },
  { name: 'Rarotonga', country: 'ck', lat: -21.21, lon: -159.78, weight: 5 },
  { name: 'Nukuʻalofa', country: 'to', lat: -21.14, lon: -175.2, weight: 5 },
];

const cities = [...CITIES, ...FAR];
const spots = cities.flatMap((city, index) =>
  Array.from({ length: Math.max(1, Math.round(city.weight / 4)) }, (_, at) => ({
    city,
    lat: city.lat + SPREAD * Math.sin(index * 7.1 + at * 2.4) * Math.sqrt(at / 6),
    lon: city.lon + SPREAD * Math.cos(index * 3.3 + at * 2.4) * Math.sqrt(at / 6),
  })),
);

/** The cities that are far from those before them are the seeds, so that a cluster keeps its id as k grows. */
const seeds = seedsOf();

export function clustersOf(query) {
  const asked = query.get('k');
  const k = asked === null ? SUGGESTED : Number(asked);
  if (!Number.isInteger(k) || k < K_MIN || k > K_MAX) return null;
  const centres = seeds.slice(0, k);
  const owner = spots.map((spot) => nearest(centres, spot));
  return {
    model: 'places/2',
    k,
    weights: query.get('weights') ?? 'venues',
    suggested_k: SUGGESTED,
    left_out: 48,
    points: spots.length,
    silhouette: Array.from({ length: K_MAX - K_MIN + 1 }, (_, index) => {
      const at = index + K_MIN;
      return [
        at,
        Math.round(1_000 * (0.46 - 0.0016 * (at - SUGGESTED) ** 2 * (at < SUGGESTED ? 2.4 : 0.14))) / 1_000,
      ];
    }),
    clusters: centres.map((_, id) =>
      clusterOf(
        id,
        spots.filter((__, at) => owner[at] === id),
      ),
    ),
    spots: spots.map(({ lat, lon }, at) => [round(lat), round(lon), owner[at]]),
    density: {
      clusters: seeds.slice(0, 14).map((city, id) =>
        clusterOf(
          id,
          spots.filter((spot) => distance(city, spot) < 0.06),
        ),
      ),
      noise: 120,
    },
  };
}

const THEMES = [
  ['yoga', 'meditation', 'breath', 'vinyasa', 'mindful'],
  ['rust', 'kafka', 'streaming', 'postgres', 'meetup'],
  ['hike', 'trail', 'summit', 'carpool', 'boots'],
  ['founders', 'pitch', 'startup', 'investors', 'pricing'],
  ['spanish', 'intercambio', 'conversation', 'beginners', 'tapas'],
  ['board', 'games', 'catan', 'strategy', 'snacks'],
  ['salsa', 'bachata', 'social', 'partner', 'lesson'],
  ['photo', 'camera', 'blue', 'hour', 'portrait'],
  ['book', 'novel', 'author', 'discussion', 'chapter'],
  ['ramen', 'wine', 'tasting', 'brunch', 'supper'],
];

export function themes() {
  const share = (index) => Math.round(1_000 * (0.19 / (1 + index * 0.42))) / 1_000;
  const list = (all) =>
    all.map((words, id) => ({ id, name: words.slice(0, 3).join(', '), words, share: share(id) }));
  return {
    model: 'themes/2',
    themes: list(THEMES),
    factors: list(THEMES.map((words) => words.toReversed()))
      .toReversed()
      .toSorted((one, other) => other.share - one.share),
    cities: CITIES.slice(0, 46).map(({ name, country, lat, lon, weight }, index) => ({
      city: name,
      country,
      lat,
      lon,
      theme: (index * 7) % THEMES.length,
      groups: weight,
      lift: Math.round(10 * (1.4 + (2.6 * (1 + Math.sin(index))) / 2)) / 10,
      p: Math.round(10_000 * (0.0004 + 0.009 * (1 + Math.cos(index * 1.3)))) / 10_000,
    })),
  };
}

const TIME = Date.UTC(2017, 2, 19, 18);
const HOUR_MS = 3_600_000;

/** An event that is known; `past` has taken place, `bare` has nothing but a name. */
export function eventOf(id) {
  if (!/^(\d+|past|bare)$/.test(id)) return null;
  const announced = TIME - 12 * 24 * HOUR_MS;
  const curve = Array.from({ length: 52 }, (_, index) => {
    const at = announced + index * 4.6 * HOUR_MS;
    return [Math.round(at), Math.round(36 / (1 + Math.exp(-(index - 24) / 9)) - (index % 13 === 12 ? 2 : 0))];
  });
  const full = {
    id,
    name: EVENTS[0].names[0],
    url: `https://www.meetup.com/rust-nyc/events/${id}/`,
    time: TIME,
    utc_offset: -4 * HOUR_MS,
    status: 'upcoming',
    group: { id: 1, name: 'Rust New York', city: 'New York', country: 'us' },
    venue: { id: 1, name: 'Foundry Loft', lat: 40.7, lon: -74, city: 'New York' },
    answers: { yes: 30, no: 4, maybe: 0, guests: 6, heads: 36, versions: 52, changed: 5 },
    rsvp_limit: 50,
    waitlist: null,
    photos: 2,
    comments: 3,
    curve,
    category: {
      value: 'tech',
      source: 'model',
      probability: 0.83,
      model: 'category/3',
      alternatives: [
        ['tech', 0.83],
        ['career/business', 0.07],
        ['education/learning', 0.04],
      ],
    },
    turnout: { value: 41, low: 30, high: 58, model: 'turnout/2' },
    response: { probability: 0.78, model: 'response/4' },
    as_of: { offsets: [12], stream_time: TIME - 41 * HOUR_MS },
  };
  if (id === 'past')
    return {
      ...full,
      status: 'past',
      category: { value: 'tech', source: 'group' },
      turnout: null,
      waitlist: 7,
      as_of: { offsets: [12], stream_time: TIME + 30 * HOUR_MS },
    };
  if (id !== 'bare') return full;
  return {
    ...full,
    url: null,
    time: null,
    utc_offset: null,
    venue: null,
    answers: { yes: 0, no: 0, maybe: 0, guests: 0, heads: 0, versions: 0, changed: 0 },
    rsvp_limit: null,
    photos: 0,
    comments: 0,
    curve: [],
    category: null,
    turnout: null,
    response: null,
  };
}

function clusterOf(id, members) {
  const [largest] = members.map(({ city }) => city).sort((one, other) => other.weight - one.weight);
  const points = members.map(({ lat, lon }) => [lat, lon]);
  const { lat, lon } = largest ?? seeds[id];
  return {
    id,
    colour: id,
    name: largest?.name ?? '',
    country: largest?.country ?? '',
    topics: [EVENTS[id % EVENTS.length].topic, EVENTS[(id * 3 + 1) % EVENTS.length].topic].map((name) =>
      name.toLowerCase(),
    ),
    points: members.length,
    people: members.length * 31 + id,
    lat,
    lon,
    hull: hullAround(points, lon),
  };
}

/** The convex hull in degrees around a meridian, so that it may cross the 180th. */
function hullAround(points, middle) {
  const turned = points.map(([lat, lon]) => [lat, ((lon - middle + 540) % 360) - 180]);
  turned.sort(([a, b], [c, d]) => b - d || a - c);
  const half = (all) => {
    const line = [];
    for (const point of all) {
      while (line.length > 1 && turn(line.at(-2), line.at(-1), point) <= 0) line.pop();
      line.push(point);
    }
    return line.slice(0, -1);
  };
  const hull = [...half(turned), ...half(turned.toReversed())];
  return hull.map(([lat, lon]) => [round(lat), round(((lon + middle + 540) % 360) - 180)]);
}

function turn([a, b], [c, d], [e, f]) {
  return (d - b) * (e - a) - (c - a) * (f - b);
}

function seedsOf() {
  const chosen = [cities[0]];
  while (chosen.length < K_MAX) {
    const score = (city) => Math.min(...chosen.map((seed) => distance(seed, city))) * Math.sqrt(city.weight);
    chosen.push(cities.toSorted((one, other) => score(other) - score(one))[0]);
  }
  return chosen;
}

function nearest(centres, spot) {
  const distances = centres.map((centre) => distance(centre, spot));
  return distances.indexOf(Math.min(...distances));
}

/** In radians. */
function distance(one, other) {
  const radians = (degrees) => (degrees * Math.PI) / 180;
  const [a, b] = [radians(one.lat), radians(other.lat)];
  const cosine =
    Math.sin(a) * Math.sin(b) + Math.cos(a) * Math.cos(b) * Math.cos(radians(one.lon - other.lon));
  return Math.acos(Math.min(1, cosine));
}

function round(degrees) {
  return Math.round(degrees * 1_000) / 1_000;
}
