// The address says what is shown: one type, one default, one pair of parse and print.

export const BREAKDOWNS = ['countries', 'cities', 'topics'] as const;
export type Breakdown = (typeof BREAKDOWNS)[number];
export type Theme = 'system' | 'light' | 'dark';

export interface PageState {
  /** ISO 3166 alpha-2 in lower case; several mean "or", none means all. */
  countries: readonly string[];
  by: Breakdown;
  utc: boolean;
  theme: Theme;
}

/** As many as the server takes. */
export const COUNTRIES_MAX = 32;

export const DEFAULT: PageState = { countries: [], by: 'countries', utc: false, theme: 'system' };

/** What the query says, and the parts of it that mean nothing here. */
export function parse(query: string): { state: PageState; ignored: string[] } {
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
  return parts.length > 0 ? `?${parts.join('&')}` : '';
}

function isCountry(code: string): boolean {
  return /^[a-z]{2}$/.test(code);
}

function isOneOf<T extends string>(values: readonly T[], value: string): value is T {
  return (values as readonly string[]).includes(value);
}
