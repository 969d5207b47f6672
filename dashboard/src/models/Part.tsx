import type { ComponentChildren } from 'preact';

interface PartParts {
  title: string;
  note?: ComponentChildren;
  isWide?: boolean;
  children: ComponentChildren;
}

/** One of the pictures of a card. */
export function Part({ title, note, isWide = false, children }: PartParts) {
  return (
    <section class={isWide ? 'part is-wide' : 'part'}>
      <h3>
        {title} {note && <span class="note">{note}</span>}
      </h3>
      {children}
    </section>
  );
}
