import type { ComponentChildren } from 'preact';
import { countryNames } from '../countries';
import { countries } from '../page';
import { chosenFilters } from './filters';

interface PanelParts {
  /** Makes the class `panel-{name}`. */
  name: string;
  title: ComponentChildren;
  note?: ComponentChildren;
  /** At the right end of the head. */
  aside?: ComponentChildren;
  children: ComponentChildren;
}

export function Panel({ name, title, note, aside, children }: PanelParts) {
  return (
    <section class={`panel panel-${name}`}>
      <header>
        <h2>{title}</h2>
        {note && <span class="note">{note}</span>}
        <div class="aside">{aside}</div>
      </header>
      {children}
    </section>
  );
}

/** Whose figures a panel shows. */
export function place(): string {
  const where = countries.value.length > 0 ? [countryNames(countries.value)] : [];
  const others = chosenFilters().filter(({ name }) => name !== 'country');
  const rest = others.length > 2 ? [`${others.length} filters`] : others.map(({ label }) => label);
  return [...where, ...rest].join(', ') || 'worldwide';
}
