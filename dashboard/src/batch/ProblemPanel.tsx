import { root } from '../pages';
import { shown } from '../text';
import type { Problem } from './contract';

interface ProblemPanelParts {
  problem: Problem;
  onAgain: () => void;
  /** A page that helps, from the folder of the pages. */
  link?: { href: string; name: string };
}

/** Instead of a page: why there is nothing to show, and what can be done. */
export function ProblemPanel({ problem: { title, detail, remedy }, onAgain, link }: ProblemPanelParts) {
  return (
    <section class="panel first-run" role="alert" data-testid="problem">
      <h2 class="sentence" dir="auto">
        {shown(title)}
      </h2>
      {detail && detail !== title && (
        <p class="sentence" dir="auto">
          {shown(detail)}
        </p>
      )}
      {remedy && (
        <p class="sentence" dir="auto">
          {shown(remedy)}
        </p>
      )}
      <p>
        <button type="button" class="link" onClick={onAgain}>
          Try again
        </button>
        {link && (
          <>
            {' · '}
            <a class="link" href={root + link.href}>
              {link.name}
            </a>
          </>
        )}
      </p>
    </section>
  );
}
