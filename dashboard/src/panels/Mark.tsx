/** Both pages lie in one folder, whatever path a proxy gives it. */
const PAGES = { live: ['./', 'Live'], status: ['status', 'Status'] } as const;

/** The name of the program, and the way between its pages. */
export function Mark({ current }: { current: keyof typeof PAGES }) {
  return (
    <>
      <a class="mark" href="./" aria-label="headcount, whole world">
        <img src="icon.svg" width="22" height="22" alt="" />
        <span>headcount</span>
      </a>
      <nav class="pages" aria-label="Pages">
        {Object.entries(PAGES).map(([page, [href, name]]) => (
          <a key={page} href={href} aria-current={page === current ? 'page' : undefined}>
            {name}
          </a>
        ))}
      </nav>
    </>
  );
}
