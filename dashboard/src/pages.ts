// The pages lie in one folder, whatever path a proxy gives it; the last part of the address tells which is open.
// The page of an event lies one folder deeper: `events/ID`.

export const PAGES = ['live', 'explore', 'query', 'models', 'clusters', 'report', 'status'] as const;
export type Page = (typeof PAGES)[number] | 'event';

export function pageOf(pathname: string): Page {
  const [folder, last] = pathname.split('/').slice(-2);
  if (folder === 'events' && last !== '') return 'event';
  return PAGES.find((page) => page === last) ?? 'live';
}

/** The way to the folder of the pages, before every address of the server. */
export const root = pageOf(globalThis.location?.pathname ?? '/') === 'event' ? '../' : '';

/** The event of an address; nothing when it is not one that can be read. */
export function eventOf(pathname: string): string {
  try {
    return decodeURIComponent(pathname.slice(pathname.lastIndexOf('/') + 1));
  } catch {
    return '';
  }
}

/** The page of an event, from the folder of the pages; nothing for an id that no address can have. */
export function eventAddress(id: string): string | undefined {
  // Browsers take dots alone for folders.
  return /^\.{0,2}$/.test(id) ? undefined : `events/${encodeURIComponent(id)}`;
}

/** The filters that the boards take and the live page does not have. */
export const BOARD_FILTERS = [
  'city',
  'category',
  'topic',
  'response',
  'venue',
  'group',
  'event',
  'from',
  'to',
] as const;

/** What only one page understands in its address. */
export const OWN_PARAMETERS: Record<Page, readonly string[]> = {
  live: [],
  explore: [...BOARD_FILTERS, 'measure'],
  query: [...BOARD_FILTERS, 'q', 'named'],
  models: [],
  clusters: ['k', 'view', 'weights'],
  event: [],
  report: BOARD_FILTERS,
  status: [],
};
