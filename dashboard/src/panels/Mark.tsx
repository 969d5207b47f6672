import { countries } from '../page';
import { PAGES, type Page, root } from '../pages';
import { DEFAULT, print } from '../url';

interface Link {
  href: string;
  name: string;
  /** Whether the countries that are chosen are chosen there too. */
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
  const filter = print({ ...DEFAULT, countries: countries.value });
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
              href={isFiltered ? root + href + filter : root + href}
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
