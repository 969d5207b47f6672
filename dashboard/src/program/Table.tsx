import type { ComponentChildren } from 'preact';

interface TableParts {
  /** What the table is of: its name for readers who listen, and for tests. */
  name: string;
  label: string;
  columns: readonly string[];
  children: ComponentChildren;
}

/** A table that scrolls by itself where it is too wide, with the arrow keys too. */
export function Table({ name, label, columns, children }: TableParts) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
    <section class="scrolls" aria-label={label} tabIndex={0}>
      <table data-testid={name}>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        {children}
      </table>
    </section>
  );
}
