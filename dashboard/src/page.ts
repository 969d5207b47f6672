// What the reader chose, as signals, kept in the address. A choice of countries makes a step in the
// browser's history, so that Back undoes it; how things look does not.

import { batch, computed, effect, signal } from '@preact/signals';
import { sameCountries } from './merge';
import { type Breakdown, COUNTRIES_MAX, type PageState, parse, print, type Theme } from './url';

const opened = parse(location.search);

export const countries = signal(opened.state.countries);
export const by = signal<Breakdown>(opened.state.by);
export const utc = signal(opened.state.utc);
/** The theme of the address, which goes before the one that was stored. */
export const theme = signal<Theme>(opened.state.theme);
/** Parts of the address that mean nothing, to be said once. */
export const ignored = signal(opened.ignored);

const state = computed<PageState>(() => ({
  countries: countries.value,
  by: by.value,
  utc: utc.value,
  theme: theme.value,
}));

/** Chooses a country alone, or clears it when it is; `added` keeps the others. */
export function chooseCountry(code: string, added = false): void {
  const chosen = countries.peek();
  const others = added ? chosen.filter((other) => other !== code) : [];
  const isOn = added ? chosen.includes(code) : sameCountries(chosen, [code]);
  countries.value = isOn ? others : [...others, code].slice(-COUNTRIES_MAX);
}

export function clearCountries(): void {
  if (countries.peek().length > 0) countries.value = [];
}

/** Writes choices to the address and reads them back when the reader goes back or forward. */
export function bindAddress(): void {
  let written = state.peek();
  effect(() => {
    const next = state.value;
    if (next === written) return;
    const address = location.pathname + print(next);
    if (sameCountries(next.countries, written.countries)) history.replaceState(null, '', address);
    else history.pushState(null, '', address);
    written = next;
  });
  addEventListener('popstate', () => {
    const read = parse(location.search).state;
    batch(() => {
      countries.value = read.countries;
      by.value = read.by;
      utc.value = read.utc;
      theme.value = read.theme;
      // Read from the address, so there is nothing to write.
      written = state.value;
    });
  });
}
