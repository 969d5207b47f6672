// What the reader chose, as signals, kept in the address. A choice of what is shown makes a step in
// the browser's history, so that Back undoes it; how things look does not.

import { batch, computed, effect, signal } from '@preact/signals';
import { sameValues } from './merge';
import { BOARD_FILTERS, pageOf } from './pages';
import {
  type Breakdown,
  COUNTRIES_MAX,
  type OwnParameters,
  type PageState,
  parse,
  print,
  type Theme,
} from './url';

export const page = pageOf(location.pathname);
const opened = parse(location.search, page);

export const countries = signal(opened.state.countries);
export const by = signal<Breakdown>(opened.state.by);
export const utc = signal(opened.state.utc);
/** The theme of the address, which goes before the one that was stored. */
export const theme = signal<Theme>(opened.state.theme);
/** What only this page has in its address. */
export const own = signal(opened.state.own);
/** Parts of the address that mean nothing, to be said once. */
export const ignored = signal(opened.ignored);

const state = computed<PageState>(() => ({
  countries: countries.value,
  by: by.value,
  utc: utc.value,
  theme: theme.value,
  own: own.value,
}));

/** Chooses a country alone, or clears it when it is; `added` keeps the others. */
export function chooseCountry(code: string, added = false): void {
  const chosen = countries.peek();
  const others = added ? chosen.filter((other) => other !== code) : [];
  const isOn = added ? chosen.includes(code) : sameValues(chosen, [code]);
  countries.value = isOn ? others : [...others, code].slice(-COUNTRIES_MAX);
}

export function clearCountries(): void {
  if (countries.peek().length > 0) countries.value = [];
}

/** Changes what only this page has; what has no value left is taken away. */
export function setOwn(changed: OwnParameters): void {
  const next = { ...own.peek(), ...changed };
  own.value = Object.fromEntries(Object.entries(next).filter(([, values]) => values.length > 0));
}

/** The same for a value of something that only this page has. */
export function chooseOwn(name: string, value: string, added = false): void {
  const chosen = own.peek()[name] ?? [];
  const others = added ? chosen.filter((other) => other !== value) : [];
  const isOn = added ? chosen.includes(value) : sameValues(chosen, [value]);
  setOwn({ [name]: isOn ? others : [...others, value] });
}

/** The filters of the address that the batch worker takes. */
export const boardFilters = computed<OwnParameters>(() => {
  const names: readonly string[] = BOARD_FILTERS;
  const others = Object.entries(own.value).filter(([name]) => names.includes(name));
  const country = countries.value.length > 0 ? [['country', countries.value] as const] : [];
  return Object.fromEntries([...country, ...others]);
});

/** The same as the server's live figures take them: `?country=us,gb&city=London`, or nothing. */
export const filterQuery = computed(() => {
  const { country, ...others } = boardFilters.value;
  const parts = Object.entries(others).flatMap(([name, values]) =>
    values.map((value) => `${name}=${encodeURIComponent(value)}`),
  );
  if (country) parts.unshift(`country=${country.join(',')}`);
  return parts.length > 0 ? `?${parts.join('&')}` : '';
});

/** Takes every filter away. */
export function clearFilters(): void {
  batch(() => {
    clearCountries();
    const names = Object.keys(boardFilters.peek()).filter((name) => name !== 'country');
    if (names.length > 0) setOwn(Object.fromEntries(names.map((name) => [name, []])));
  });
}

/** Writes choices to the address and reads them back when the reader goes back or forward. */
export function bindAddress(): void {
  let written = state.peek();
  effect(() => {
    const next = state.value;
    if (next === written) return;
    const address = location.pathname + print(next);
    const isStep = !sameValues(next.countries, written.countries) || next.own !== written.own;
    if (isStep) history.pushState(null, '', address);
    else history.replaceState(null, '', address);
    written = next;
  });
  addEventListener('popstate', () => {
    const read = parse(location.search, page).state;
    batch(() => {
      countries.value = read.countries;
      by.value = read.by;
      utc.value = read.utc;
      theme.value = read.theme;
      own.value = read.own;
      // Read from the address, so there is nothing to write.
      written = state.value;
    });
  });
}
