import { countryName } from '../countries';
import { countries } from '../page';
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
  /** A row that is a country filters by it. */
  country?: string;
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
    }));
  if (name === 'topics')
    return (topicRows.value ?? []).map((row) => ({
      key: `topic-${row.topic}`,
      name: shown(row.name, row.topic),
      title: whole(row.name),
      yes: row.yes,
    }));
  // The stream has every country, for the map; the list has those where somebody comes.
  const going = (countryRows.value ?? []).filter(({ yes }) => yes > 0);
  return going.map(({ country, yes }) => ({
    key: `country-${country}`,
    name: countryName(country),
    yes,
    country,
  }));
}

/** The first ones, of which the last give way to countries that are chosen but further down. */
export function topOf(parts: Part[], count: number): Part[] {
  const chosen = parts.slice(count).filter(({ country }) => country && countries.value.includes(country));
  return [...parts.slice(0, Math.max(0, count - chosen.length)), ...chosen];
}

export function total(parts: readonly Part[]): number {
  return parts.reduce((sum, part) => sum + part.yes, 0);
}
