// The columns of each list, and what can be sorted by.

import { countryName } from '../countries';
import { format } from '../format';
import { utc } from '../page';
import type { List } from '../pages';
import { shown } from '../text';
import type { ListRow } from './contract';

export interface Column {
  title: string;
  /** The server's word for this order; nothing where there is none. */
  sort?: string;
  /** What a narrow screen leaves out first has the highest number. */
  spare?: 1 | 2 | 3;
  isNumber?: boolean;
  text(row: ListRow): string;
}

export const TITLES: Readonly<Record<List, string>> = {
  events: 'Events',
  groups: 'Groups',
  venues: 'Venues',
  cities: 'Cities',
  topics: 'Topics',
  countries: 'Countries',
};

const ONE: Readonly<Record<List, string>> = {
  events: 'Event',
  groups: 'Group',
  venues: 'Venue',
  cities: 'City',
  topics: 'Topic',
  countries: 'Country',
};

const CITY: Column = { title: 'City', spare: 2, text: (row) => placeOf(row) };
const EVENTS: Column = {
  title: 'Events',
  sort: 'events',
  isNumber: true,
  spare: 2,
  text: (row) => format.full(row.events ?? 0),
};
const COUNTS: readonly Column[] = [
  { title: 'Yes', sort: 'yes', isNumber: true, text: (row) => format.full(row.yes) },
  { title: 'No', sort: 'no', isNumber: true, spare: 1, text: (row) => format.full(row.no) },
  { title: 'People', sort: 'heads', isNumber: true, text: (row) => format.full(row.heads) },
];
const BETWEEN: Readonly<Record<List, readonly Column[]>> = {
  events: [
    { title: 'Group', spare: 1, text: (row) => shown(row.group ?? '', '') },
    CITY,
    { title: 'When', sort: 'time', spare: 3, text: (row) => whenOf(row) },
    {
      title: 'Last 10 min',
      sort: 'recent',
      isNumber: true,
      spare: 2,
      text: (row) => (row.recent ? `+${format.full(row.recent)}` : ''),
    },
  ],
  groups: [CITY, EVENTS],
  venues: [CITY, EVENTS],
  cities: [
    { title: 'Country', spare: 1, text: ({ country }) => (country ? countryName(country) : '') },
    EVENTS,
  ],
  topics: [EVENTS],
  countries: [EVENTS],
};

export function columnsOf(list: List): readonly Column[] {
  const name: Column = {
    title: ONE[list],
    sort: 'name',
    text: (row) => (list === 'countries' ? countryName(row.id) : shown(row.name)),
  };
  return [name, ...BETWEEN[list], ...COUNTS];
}

/** People look for the greatest number and for the first name. */
export function orderAtFirst(sort: string): 'asc' | 'desc' {
  return sort === 'name' ? 'asc' : 'desc';
}

function placeOf({ city, country }: ListRow): string {
  const known = country && country !== 'unknown' ? country.toUpperCase() : '';
  return [shown(city ?? '', ''), known].filter((part) => part !== '').join(', ');
}

function whenOf({ time }: ListRow): string {
  return time === undefined ? '' : `${format.day(time, utc.value)}, ${format.minute(time, utc.value)}`;
}
