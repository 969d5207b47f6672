import { togglePause } from './live';
import { clearCountries } from './page';
import { toggleTheme } from './theme';

const FIELD = 'input, textarea, select, [contenteditable]';

export function bindKeys(): void {
  addEventListener('keydown', (event) => {
    const isField = event.target instanceof Element && event.target.matches(FIELD);
    if (isField || event.metaKey || event.ctrlKey || event.altKey) return;
    if (event.key === 'p') togglePause();
    else if (event.key === 't') toggleTheme();
    else if (event.key === 'Escape') clearCountries();
    else if (event.key === '/') {
      // Otherwise the browser may open its own search.
      event.preventDefault();
      document.getElementById('map')?.focus();
    }
  });
}
