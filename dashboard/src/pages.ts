// The pages lie in one folder, whatever path a proxy gives it; the last part of the address tells which is open.

export const PAGES = ['live', 'explore', 'query', 'report', 'status'] as const;
export type Page = (typeof PAGES)[number];

export function pageOf(pathname: string): Page {
  const last = pathname.slice(pathname.lastIndexOf('/') + 1);
  return PAGES.find((page) => page === last) ?? 'live';
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
  report: BOARD_FILTERS,
  status: [],
};
