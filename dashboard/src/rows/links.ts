// Where a row leads: to what it consists of, under the same filters.

import { boardFilters, countries } from '../page';
import { eventAddress, type List } from '../pages';
import { DEFAULT, type OwnParameters, print } from '../url';
import type { ListRow } from './contract';

/** The list that a row opens, and the filter that it adds. */
const OPENS: Readonly<Record<Exclude<List, 'events'>, { list: List; filter: string }>> = {
  groups: { list: 'events', filter: 'group' },
  venues: { list: 'events', filter: 'venue' },
  cities: { list: 'groups', filter: 'city' },
  topics: { list: 'groups', filter: 'topic' },
  countries: { list: 'cities', filter: 'country' },
};

export function addressOf(list: List, row: ListRow): string | undefined {
  if (list === 'events') return eventAddress(row.id);
  const { list: opened, filter } = OPENS[list];
  return filter === 'country'
    ? opened + print({ ...DEFAULT, countries: [row.id], own: others() })
    : opened + filtered({ ...others(), [filter]: [row.id] });
}

/** Another list, or the same one as a file, under the filters that hold. */
export function listAddress(name: string): string {
  return name + filtered(others());
}

function filtered(own: OwnParameters): string {
  return print({ ...DEFAULT, countries: countries.value, own });
}

function others(): OwnParameters {
  const { country: _, ...others } = boardFilters.value;
  return others;
}
