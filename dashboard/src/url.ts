// The address says what is shown: one type, one default, one pair of parse and print.

import { OWN_PARAMETERS, type Page } from './pages';

export const BREAKDOWNS = ['countries', 'cities', 'topics'] as const;
export type Breakdown = (typeof BREAKDOWNS)[number];
export type Theme = 'system' | 'light' | 'dark';

export interface PageState {
  /** ISO 3166 alpha-2 in lower case; several mean "or", none means all. */
  countries: readonly string[];
  by: Breakdown;
  utc: boolean;
  theme: Theme;
  /** What only this page understands, as it was written; several values of one mean "or". */
  own: OwnParameters;
}

export type OwnParameters = Readonly<Record<string, readonly string[]>>;

/** As many as the server takes. */
export const COUNTRIES_MAX = 32;

export const DEFAULT: PageState = {
  countries: [],
  by: 'countries',
  utc: false,
  theme: 'system',
  own: {},
};

/** What the query says, and the parts of it that mean nothing here. */
export function parse(query: string, page: Page = 'live'): { state: PageState; ignored: string[] } {
  const state = { ...DEFAULT };
  const ignored: string[] = [];
  for (const [name, value] of new URLSearchParams(query)) {
    if (value === '') continue;
    if (name === 'country') {
      const codes = value
        .toLowerCase()
        .split(',')
        .map((code) => code.trim());
      const known = [...new Set([...state.countries, ...codes.filter(isCountry)])];
      state.countries = known.slice(0, COUNTRIES_MAX);
      ignored.push(...known.slice(COUNTRIES_MAX).map((code) => `country=${code}`));
      ignored.push(
        ...codes.filter((code) => code !== '' && !isCountry(code)).map((code) => `country=${code}`),
      );
    } else if (name === 'by' && isOneOf(BREAKDOWNS, value)) state.by = value;
    else if (name === 'tz' && value === 'utc') state.utc = true;
    else if (name === 'theme' && isOneOf(['light', 'dark'], value)) state.theme = value;
    else if (OWN_PARAMETERS[page].includes(name))
      state.own = { ...state.own, [name]: [...(state.own[name] ?? []), value] };
    else ignored.push(`${name}=${value}`);
  }
  return { state, ignored };
}

/** The query for a state, empty when everything is as it would be without one. */
export function print(state: PageState): string {
  const parts: string[] = [];
  if (state.countries.length > 0) parts.push(`country=${state.countries.join(',')}`);
  if (state.by !== DEFAULT.by) parts.push(`by=${state.by}`);
  if (state.utc) parts.push('tz=utc');
  if (state.theme !== DEFAULT.theme) parts.push(`theme=${state.theme}`);
  for (const [name, values] of Object.entries(state.own))
    parts.push(...values.map((value) => `${name}=${encodeURIComponent(value)}`));
  return parts.length > 0 ? `?${parts.join('&')}` : '';
}

function isCountry(code: string): boolean {
  return /^[a-z]{2}$/.test(code);
}

function isOneOf<T extends string>(values: readonly T[], value: string): value is T {
  return (values as readonly string[]).includes(value);
}
