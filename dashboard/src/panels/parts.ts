import { countryName } from '../countries';
import { countries, own } from '../page';
import { cityRows, countryRows, topicRows } from '../selected';
import { shown, whole } from '../text';
import type { Breakdown } from '../url';

/** A row of the breakdown. */
export interface Part {
  /** Also its test id. */
  key: string;
  name: string;
  /** All of the name, if it comes from the stream. */
  title?: string;
  /** Tells cities of one name apart. */
  place?: string;
  /** People who said that they come. */
  yes: number;
  /** What the row filters by. */
  filter: { name: 'country' | 'city' | 'topic'; value: string };
}

export function partsBy(name: Breakdown): Part[] {
  if (name === 'cities')
    return (cityRows.value ?? []).map(({ city, state, country, yes }) => ({
      key: `city-${city}-${state}-${country}`,
      name: shown(city),
      title: whole(city),
      place: [state, country]
        .filter(Boolean)
        .map((code) => shown(code).toUpperCase())
        .join(', '),
      yes,
      filter: { name: 'city', value: `${city}|${state}|${country}` },
    }));
  if (name === 'topics')
    return (topicRows.value ?? []).map((row) => ({
      key: `topic-${row.topic}`,
      name: shown(row.name, row.topic),
      title: whole(row.name),
      yes: row.yes,
      filter: { name: 'topic', value: row.topic },
    }));
  // The stream has every country, for the map; the list has those where somebody comes.
  const going = (countryRows.value ?? []).filter(({ yes }) => yes > 0);
  return going.map(({ country, yes }) => ({
    key: `country-${country}`,
    name: countryName(country),
    yes,
    filter: { name: 'country', value: country },
  }));
}

/** Whether a row is among what is chosen. */
export function isChosen({ filter: { name, value } }: Part): boolean {
  const chosen = name === 'country' ? countries.value : own.value[name];
  return chosen?.includes(value) ?? false;
}

/** The first ones, of which the last give way to those that are chosen but further down. */
export function topOf(parts: Part[], count: number): Part[] {
  const chosen = parts.slice(count).filter(isChosen);
  return [...parts.slice(0, Math.max(0, count - chosen.length)), ...chosen];
}

export function total(parts: readonly Part[]): number {
  return parts.reduce((sum, part) => sum + part.yes, 0);
}
