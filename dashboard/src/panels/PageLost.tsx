import type { Page } from '../pages';
import { Mark } from './Mark';

/** The files of a page could not be loaded. */
export function PageLost({ page }: { page: Page }) {
  return (
    <>
      <header class="bar">
        <Mark current={page} />
      </header>
      <main id="main" class="program">
        <h1 class="unseen">headcount</h1>
        <p class="nothing" role="alert">
          This page could not be loaded. Is the server still there?{' '}
          <a class="link" href={location.href}>
            Try again
          </a>
        </p>
      </main>
    </>
  );
}
