// The pages lie in one folder, whatever path a proxy gives it; the last part of the address tells which is open.
// The page of an event lies one folder deeper: `events/ID`.

export const PAGES = [
  'live',
  'events',
  'explore',
  'query',
  'models',
  'clusters',
  'report',
  'status',
] as const;
/** The lists of all that is counted. One of them stands for them all between the pages. */
export const LISTS = ['events', 'groups', 'venues', 'cities', 'topics', 'countries'] as const;
export type List = (typeof LISTS)[number];
export type Page = (typeof PAGES)[number] | List | 'event';

export function isList(page: Page): page is List {
  return (LISTS as readonly Page[]).includes(page);
}

export function pageOf(pathname: string): Page {
  const [folder, last] = pathname.split('/').slice(-2);
  if (folder === 'events' && last !== '') return 'event';
  return [...PAGES, ...LISTS].find((page) => page === last) ?? 'live';
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

/** Those of them that a running program has. */
export const LIVE_FILTERS = ['city', 'topic', 'response', 'venue', 'group', 'event'] as const;

/** What a list has in its address: the filters, and what is first. */
const OF_LISTS = [...LIVE_FILTERS, 'q', 'sort', 'order'];

/** What only one page understands in its address. */
export const OWN_PARAMETERS: Record<Page, readonly string[]> = {
  live: LIVE_FILTERS,
  events: OF_LISTS,
  groups: OF_LISTS,
  venues: OF_LISTS,
  cities: OF_LISTS,
  topics: OF_LISTS,
  countries: OF_LISTS,
  explore: [...BOARD_FILTERS, 'measure'],
  query: [...BOARD_FILTERS, 'q', 'named'],
  models: [],
  clusters: ['k', 'view', 'weights'],
  event: [],
  report: BOARD_FILTERS,
  status: [],
};
