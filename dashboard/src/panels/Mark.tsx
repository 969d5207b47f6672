import { boardFilters, countries } from '../page';
import { OWN_PARAMETERS, PAGES, type Page, root } from '../pages';
import { DEFAULT, print } from '../url';

interface Link {
  href: string;
  name: string;
  /** Whether the filters that hold do so there too. */
  isFiltered?: boolean;
}

/** All lie in one folder, whatever path a proxy gives it. */
const LINKS: Record<(typeof PAGES)[number], Link> = {
  live: { href: './', name: 'Live', isFiltered: true },
  events: { href: 'events', name: 'Lists', isFiltered: true },
  explore: { href: 'explore', name: 'Explore', isFiltered: true },
  query: { href: 'query', name: 'Query' },
  models: { href: 'models', name: 'Models' },
  clusters: { href: 'clusters', name: 'Clusters' },
  report: { href: 'report', name: 'Report', isFiltered: true },
  status: { href: 'status', name: 'Status' },
};

/** The name of the program, and the way between its pages. */
export function Mark({ current }: { current: Page }) {
  return (
    <>
      <a class="mark" href={`${root}./`} aria-label="headcount, whole world">
        <img src={`${root}icon.svg`} width="22" height="22" alt="" />
        <span>headcount</span>
      </a>
      <nav class="pages" aria-label="Pages">
        {PAGES.map((page) => {
          const { href, name, isFiltered } = LINKS[page];
          return (
            <a
              key={page}
              href={isFiltered ? root + href + filterFor(page) : root + href}
              aria-current={page === current ? 'page' : undefined}
            >
              {name}
            </a>
          );
        })}
      </nav>
    </>
  );
}

/** The filters that hold, as far as the other page knows them. */
function filterFor(page: Page): string {
  const known = Object.entries(boardFilters.value).filter(([name]) => OWN_PARAMETERS[page].includes(name));
  return print({ ...DEFAULT, countries: countries.value, own: Object.fromEntries(known) });
}
