import { language } from './format';
import { shown } from './text';

// The names come with the browser, in its language.
const names = new Intl.DisplayNames(language, { type: 'region', fallback: 'none' });

/** A country's name; its code when it has none. */
export function countryName(code: string): string {
  if (code === 'xk') return 'Kosovo'; // in common use, but not of the standard
  if (!/^[a-z]{2}$/i.test(code)) return shown(code, 'no country');
  return names.of(code.toUpperCase()) ?? code.toUpperCase();
}

/** "Japan", "Japan and Iceland", "4 countries"; nothing when none is chosen. */
export function countryNames(codes: readonly string[]): string {
  if (codes.length > 2) return `${codes.length} countries`;
  return codes.map(countryName).join(' and ');
}
