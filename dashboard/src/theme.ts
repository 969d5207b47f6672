import { computed, effect, signal } from '@preact/signals';
import { theme } from './page';
import type { Theme } from './url';

const KEY = 'theme';
const systemDark = matchMedia('(prefers-color-scheme: dark)');

const system = signal(systemDark.matches);
const stored = signal(readStored());

/** What is shown: the address decides, then what the reader chose earlier, then the system. */
export const shade = computed<'light' | 'dark'>(() => {
  const chosen = theme.value !== 'system' ? theme.value : stored.value;
  if (chosen !== 'system') return chosen;
  return system.value ? 'dark' : 'light';
});

export function toggleTheme(): void {
  stored.value = shade.peek() === 'dark' ? 'light' : 'dark';
  // From here on the reader's choice holds, and no longer the address somebody sent.
  theme.value = 'system';
  try {
    localStorage.setItem(KEY, stored.peek());
  } catch {
    // Storage may be forbidden: the choice holds until the page is left.
  }
}

export function bindTheme(): void {
  systemDark.addEventListener('change', (event) => {
    system.value = event.matches;
  });
  effect(() => {
    document.documentElement.dataset.theme = shade.value;
  });
}

function readStored(): Theme {
  try {
    const value = localStorage.getItem(KEY);
    return value === 'light' || value === 'dark' ? value : 'system';
  } catch {
    return 'system';
  }
}
