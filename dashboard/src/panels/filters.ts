// The filters that hold, as the reader sees and clears them.

import { countryName } from '../countries';
import { chooseCountry, countries, own, setOwn } from '../page';
import { LIVE_FILTERS } from '../pages';
import { topicRows, venueRows } from '../selected';
import { shown } from '../text';

export interface ChosenFilter {
  name: string;
  value: string;
  label: string;
  clear: () => void;
}

export function chosenFilters(): ChosenFilter[] {
  const ofCountries = countries.value.map((value) => ({
    name: 'country',
    value,
    label: countryName(value),
    clear: () => chooseCountry(value, true),
  }));
  const others = LIVE_FILTERS.flatMap((name) =>
    (own.value[name] ?? []).map((value) => ({
      name,
      value,
      label: labelOf(name, value),
      clear: () => setOwn({ [name]: own.peek()[name]?.filter((other) => other !== value) ?? [] }),
    })),
  );
  return [...ofCountries, ...others];
}

/** What people call it, where a panel knows. */
function labelOf(name: (typeof LIVE_FILTERS)[number], value: string): string {
  if (name === 'response') return `answers: ${shown(value)}`;
  if (name === 'city') return shown(value.split('|')[0] ?? value);
  if (name === 'topic') return shown(topicRows.value?.find(({ topic }) => topic === value)?.name ?? value);
  if (name === 'venue')
    return shown(venueRows.value?.find((row) => String(row.venue_id) === value)?.name ?? `venue ${value}`);
  return `${name} ${shown(value)}`;
}
