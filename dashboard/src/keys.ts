import { togglePause } from './live';
import { clearCountries } from './page';
import { toggleTheme } from './theme';

const FIELD = 'input, textarea, select, [contenteditable]';

type Deeds = Record<string, (event: KeyboardEvent) => void>;

export const STATUS_KEYS: Deeds = { t: toggleTheme };
export const EXPLORE_KEYS: Deeds = { ...STATUS_KEYS, Escape: clearCountries };
export const LIVE_KEYS: Deeds = {
  ...STATUS_KEYS,
  p: togglePause,
  Escape: clearCountries,
  '/': (event) => {
    // Otherwise the browser may open its own search.
    event.preventDefault();
    document.getElementById('map')?.focus();
  },
};

export function bindKeys(deeds: Deeds): void {
  addEventListener('keydown', (event) => {
    // The editor lies in a shadow root, outside of which only its host is seen.
    const [target] = event.composedPath();
    const isField = target instanceof Element && target.closest(FIELD) !== null;
    if (isField || event.metaKey || event.ctrlKey || event.altKey) return;
    deeds[event.key]?.(event);
  });
}
