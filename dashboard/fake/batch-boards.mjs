// Rows of the boards: believable, and the same each time.
import { CITIES, EVENTS, PLACES, ROOMS } from './names.mjs';

const MOST = 20;
const WEEKDAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];
const LEADS = [
  ['after it began', 310],
  ['under an hour', 912],
  ['1 to 6 hours', 4_220],
  ['6 to 24 hours', 9_114],
  ['1 to 3 days', 22_480],
  ['3 to 7 days', 31_207],
  ['1 to 2 weeks', 26_010],
  ['2 to 4 weeks', 17_554],
  ['4 weeks or more', 6_031],
];
const CHANGES = [
  ['yes to no', 8_412, 6_940],
  ['no to yes', 1_944, 1_803],
  ['more guests', 1_210, 1_150],
  ['fewer guests', 402, 391],
];
const FEB_22_2017 = Date.UTC(2017, 1, 22);
const DAY_MS = 86_400_000;

const CATEGORIES = EVENTS.map(({ topic }) => topic);
const cities = CITIES.map(({ name, state, country }) =>
  [name, state, country.toUpperCase()].filter(Boolean).join(', '),
);
const groups = EVENTS.flatMap(({ groups: all }, index) =>
  all.map((name, at) => name.replace('{}', CITIES[(index * 5 + at) % CITIES.length].name)),
);

/** The columns and rows of a board, of these countries. */
export function boardRows(name, isWanted) {
  const share = isWanted === null ? 1 : 0.21;
  const ranked = (label, labels, most, ratio = 8.4, y = 'events') => ({
    columns: [text(label), figure(y), figure('people')],
    rows: labels.slice(0, MOST).map((title, rank) => {
      const count = Math.max(1, Math.round((most * share) / (1 + rank * 0.62)));
      return [title, count, Math.round(count * ratio * (1 + Math.sin(rank * 2.1) / 2.4))];
    }),
  });
  switch (name) {
    case 'boards_categories':
      return ranked('category', CATEGORIES, 6_120);
    case 'boards_event_names':
      return ranked(
        'event_name',
        EVENTS.flatMap(({ names }) => names),
        940,
      );
    case 'boards_group_cities':
      return ranked('city', cities, 2_310);
    case 'boards_venue_cities':
      return ranked('city', cities.toReversed(), 1_870);
    case 'boards_group_countries':
      return ranked('country', countries(null), 9_800);
    case 'boards_venue_countries':
      return ranked('country', countries(isWanted), 8_900);
    case 'boards_group_names':
      return ranked('group_name', groups, 220);
    case 'boards_venue_names':
      return ranked(
        'venue_name',
        PLACES.map((place, index) => `${place} ${ROOMS[index % ROOMS.length]}`),
        310,
      );
    case 'groups_most_yes':
      return ranked('group_name', groups.toReversed(), 2_180, 1.3, 'yes');
    case 'topics':
      return ranked('topic', CATEGORIES.toReversed(), 8_840, 1.2, 'yes');
    case 'regions':
      return ranked(
        'region',
        cities.map((city) => city.split(', ').slice(1).join(', ')),
        14_200,
        1.1,
        'rsvps',
      );
    case 'photos':
    case 'comments':
      return ofEvents(
        ranked('event_name', EVENTS.flatMap(({ names }) => names).toReversed(), 120, 0.6, name),
      );
    default:
      return timeRows(name, isWanted, share);
  }
}

function ofEvents({ columns, rows }) {
  return {
    columns: [...columns, text('event_id')],
    rows: rows.map((row, at) => [...row, String(1_000 + at)]),
  };
}

function timeRows(name, isWanted, share) {
  const scaled = (count) => Math.round(count * share);
  if (name === 'hours')
    return {
      columns: [figure('hour', 'integer'), figure('rsvps')],
      rows: Array.from({ length: 24 }, (_, hour) => [
        hour,
        scaled(900 + 620 * (1 + Math.sin((hour - 9) / 3.6)) ** 2),
      ]),
    };
  if (name === 'weekdays')
    return {
      columns: [text('weekday'), figure('rsvps')],
      rows: WEEKDAYS.map((day, index) => [day, scaled(19_000 + 3_900 * Math.sin(index * 1.7))]),
    };
  if (name === 'lead_time')
    return {
      columns: [text('lead_time'), figure('rsvps')],
      rows: LEADS.map(([lead, count]) => [lead, scaled(count)]),
    };
  if (name === 'changes_of_mind')
    return {
      columns: [text('change'), figure('changes'), figure('people')],
      rows: CHANGES.map(([change, ...counts]) => [change, ...counts.map(scaled)]),
    };
  if (name === 'answers_by_day')
    return {
      columns: [{ name: 'day', type: 'timestamptz' }, figure('rsvps'), figure('yes')],
      rows: Array.from({ length: 26 }, (_, index) => {
        const count = scaled(38_000 + 9_000 * Math.sin(index * 0.9) + index * 340);
        return [new Date(FEB_22_2017 + index * DAY_MS).toISOString(), count, Math.round(count * 0.74)];
      }),
    };
  if (name === 'venues')
    return {
      columns: [
        text('venue'),
        figure('people'),
        figure('lat', 'double precision'),
        figure('lon', 'double precision'),
      ],
      rows: CITIES.filter(({ country }) => isWanted?.(country) ?? true).map(({ lat, lon, weight }, index) => [
        `${PLACES[index % PLACES.length]} ${ROOMS[index % ROOMS.length]}`,
        weight * 31,
        lat,
        lon,
      ]),
    };
  // Members are masked.
  return { columns: [text('member'), figure('events'), figure('yes')], rows: [] };
}

function countries(isWanted) {
  const all = [...new Set(CITIES.map(({ country }) => country))];
  return all.filter((code) => isWanted?.(code) ?? true);
}

function text(name) {
  return { name, type: 'text' };
}

function figure(name, type = 'bigint') {
  return { name, type };
}
