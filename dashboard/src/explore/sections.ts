// Where on the page a board stands. One that is not known here stands in the last section.

import type { Named } from '../batch/contract';
import type { OwnParameters } from '../url';

export interface Section {
  title: string;
  note: string;
  boards: readonly Named[];
}

interface Plan {
  title: string;
  note: string;
  names: readonly string[];
}

const PLANS: readonly Plan[] = [
  {
    title: 'Events',
    note: 'what takes place, and where',
    names: [
      'boards_categories',
      'boards_event_names',
      'boards_group_names',
      'boards_group_countries',
      'boards_venue_countries',
      'boards_group_cities',
      'boards_venue_cities',
      'boards_venue_names',
    ],
  },
  {
    title: 'People and groups',
    note: 'who answers, and to whom; members are masked unless people are kept',
    names: ['active_members', 'groups_most_yes', 'topics'],
  },
  {
    title: 'RSVPs',
    note: 'answers, by where and to what',
    names: ['countries', 'regions', 'cities', 'events_most_yes', 'responses', 'guests'],
  },
  {
    title: 'When',
    note: 'how early people answer, at which hours, and how often they think again',
    names: [
      'answers_by_day',
      'lead_time',
      'hours',
      'local_hours',
      'weekdays',
      'changes_of_mind',
      'busiest_days',
      'answers_by_hour',
    ],
  },
  { title: 'Other feeds', note: 'what comes beside RSVPs', names: ['photos', 'comments', 'venues'] },
];
const REST = { title: 'More', note: 'further statements that come with the program' };

/** Dots for the report's map: the board of venues shows them with their names. */
const ELSEWHERE = 'places';

/** The filter that a board is itself broken down by, and the column that has its values. */
export interface OwnFilter {
  filter: string;
  column: string;
}

/** Such a board shows all of that, as panels of the live page do; its rows filter the others. */
const OWN_FILTERS: Readonly<Record<string, OwnFilter>> = {
  boards_group_countries: { filter: 'country', column: 'country' },
  countries: { filter: 'country', column: 'country' },
  boards_categories: { filter: 'category', column: 'category' },
  topics: { filter: 'topic', column: 'urlkey' },
  responses: { filter: 'response', column: 'response' },
};

export function sectionsOf(named: readonly Named[]): Section[] {
  const byName = new Map(named.map((board) => [board.name, board]));
  const planned = PLANS.map(({ names, ...about }) => ({
    ...about,
    boards: names.flatMap((name) => byName.get(name) ?? []),
  }));
  const known = new Set([...PLANS.flatMap(({ names }) => names), ELSEWHERE]);
  const rest = named.filter(({ name, chart }) => !known.has(name) && chart !== 'table');
  return [...planned, { ...REST, boards: rest }].filter(({ boards }) => boards.length > 0);
}

/** The filters of the page as a board takes them. */
export function queryFor(name: string, filters: OwnParameters): string {
  const taken = Object.entries(filters).filter(([filter]) => filter !== ownFilterOf(name)?.filter);
  const parts = taken.flatMap(([filter, values]) =>
    // As the live page writes them; other values may have commas in them.
    (filter === 'country' ? [values.join()] : values).map((value) => [filter, value] as const),
  );
  const query = parts.map(([filter, value]) => `${filter}=${encodeURIComponent(value)}`).join('&');
  return query === '' ? '' : `?${query}`;
}

export function ownFilterOf(name: string): OwnFilter | undefined {
  return OWN_FILTERS[name];
}
