import type { ComponentChildren } from 'preact';

interface PartParts {
  title: string;
  note?: ComponentChildren;
  /** Of the row of pictures; as wide as one column otherwise. */
  size?: 'is-double' | 'is-wide';
  children: ComponentChildren;
}

/** One of the pictures of a card. */
export function Part({ title, note, size, children }: PartParts) {
  return (
    <section class={size ? `part ${size}` : 'part'}>
      <h3>
        {title} {note && <span class="note">{note}</span>}
      </h3>
      {children}
    </section>
  );
}
