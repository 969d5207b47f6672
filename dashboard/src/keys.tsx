import { render } from 'preact';
import { togglePause } from './live';
import { clearFilters } from './page';
import { root } from './pages';
import { toggleTheme } from './theme';

const FIELD = 'input, textarea, select, [contenteditable]';
/** How long the second key of two may take. */
const SECOND_WITHIN_MS = 1_500;

type Deeds = Record<string, (event: KeyboardEvent) => void>;

/** After `g`: where each key leads. */
const GOES: Readonly<Record<string, string>> = {
  l: './',
  v: 'events',
  e: 'explore',
  q: 'query',
  m: 'models',
  c: 'clusters',
  r: 'report',
  s: 'status',
};

export const STATUS_KEYS: Deeds = { t: toggleTheme, '?': () => void showKeys() };
export const EXPLORE_KEYS: Deeds = { ...STATUS_KEYS, Escape: clearFilters };
export const LIVE_KEYS: Deeds = {
  ...STATUS_KEYS,
  p: togglePause,
  Escape: clearFilters,
  '/': (event) => {
    // Otherwise the browser may open its own search.
    event.preventDefault();
    document.getElementById('map')?.focus();
  },
};

export function bindKeys(deeds: Deeds): void {
  let wentAt = Number.NEGATIVE_INFINITY;
  addEventListener('keydown', (event) => {
    // The editor lies in a shadow root, outside of which only its host is seen.
    const [target] = event.composedPath();
    const isField = target instanceof Element && target.closest(FIELD) !== null;
    if (isField || event.metaKey || event.ctrlKey || event.altKey) return;
    const goes = event.timeStamp - wentAt < SECOND_WITHIN_MS ? GOES[event.key] : undefined;
    wentAt = event.key === 'g' ? event.timeStamp : Number.NEGATIVE_INFINITY;
    if (goes !== undefined) location.assign(root + goes);
    else deeds[event.key]?.(event);
  });
}

/** The sheet of keys is a file of its own, which few readers open. */
async function showKeys(): Promise<void> {
  const { KeySheet } = await import('./panels/KeySheet');
  const place = document.createElement('div');
  document.body.append(place);
  const close = () => {
    render(null, place);
    place.remove();
  };
  render(<KeySheet onClose={close} />, place);
}
